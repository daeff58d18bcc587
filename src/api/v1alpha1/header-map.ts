import { z } from "zod";

/** Header names, each with the values listed for it. */
export function headerMap() {
  return z.record(z.string(), z.array(z.string().min(1).max(1024)).min(1).max(32)).meta({ maxProperties: 32 });
}
