import fs from "node:fs/promises";
import path from "node:path";

/** The folders of the PATH, in their order. */
export function pathFolders(): string[] {
  return (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
}

/** The first of the folders that has the program gives its path. */
export async function findProgram(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const file = path.join(folder, name);
    const isProgram = await fs.access(file, fs.constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return file;
  }
  return undefined;
}
