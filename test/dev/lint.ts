// npm run lint: ESLint's rules and Prettier's format, side by side; prints what they find and ends with 1 when they do.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "./child-process.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const CHECKS = [
  { name: "ESLint", program: "eslint", args: ["--max-warnings=0", "."] },
  { name: "Prettier (npm run format mends it)", program: "prettier", args: ["--check", "."] },
];

async function check({ name, program, args }: (typeof CHECKS)[number]): Promise<boolean> {
  const lines: string[] = [];
  const child = await startChild(program, path.join(root, "node_modules/.bin", program), args, {
    cwd: root,
    onLine: (line) => lines.push(line),
  });
  const { code } = await child.exited;
  console.info(code === 0 ? `ok: ${name}` : `FAILED: ${name}\n${lines.join("\n")}`);
  return code === 0;
}

const results = await Promise.all(CHECKS.map(check));
process.exitCode = results.every(Boolean) ? 0 : 1;
