import fs from "node:fs/promises";

/** The ids of the other processes that have the text in their command line; needs /proc, so Linux. */
export async function processesNaming(text: string): Promise<number[]> {
  const pids = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const named = await Promise.all(pids.map(async (pid) => (await commandLine(pid)).includes(text)));
  return pids.filter((pid, index) => named[index] && pid !== process.pid);
}

async function commandLine(pid: number): Promise<string> {
  return fs.readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""); // it has ended meanwhile
}
