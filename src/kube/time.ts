/** `2026-11-22T18:26:48Z`, as the API server writes metav1.Time. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** `2026-11-22T18:26:48.123000Z`: metav1.MicroTime takes exactly six digits (`toISOString()` is refused with 400). */
export function formatMicroTime(time: Date): string {
  return `${time.toISOString().slice(0, 23)}000Z`;
}
