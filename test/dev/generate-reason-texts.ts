import { readFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";
import type { GeneratedFile } from "./generate.ts";

const PAGE = new URL("../../docs/reasons.md", import.meta.url);
const PATH = "src/doctor/generated/reason-texts.ts";

/** What docs/reasons.md says of each reason, for `kjo doctor`: the image has no docs. */
export const reasonFiles: readonly GeneratedFile[] = [{ path: PATH, render }];

async function render(): Promise<string> {
  const page = await readFile(PAGE, "utf8");
  const rows = [...page.matchAll(/^\| (`[^|]+) \| ([^|]+) \|$/gm)];
  const texts = rows.flatMap(([, names = "", text = ""]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, text.trim()] as const),
  );
  // A reason with two rows means something else in each place.
  const joined = new Map<string, string>();
  for (const [name, text] of texts) joined.set(name, [joined.get(name), text].filter(Boolean).join(" Or: "));
  const entries = [...joined]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `${name}: ${JSON.stringify(text)},`);
  const source = `/** What docs/reasons.md says of each reason. Generated: npm run generate. */
export const REASON_TEXTS: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`;
  const options = await resolveConfig(PATH);
  return format(source, { ...options, parser: "typescript", printWidth: options?.printWidth ?? 120 });
}
