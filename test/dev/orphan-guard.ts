import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

/**
 * Ends what this process has started, and removes its temporary folders, when the process dies without a chance to do so
 * (SIGKILL, a crash, out of memory).
 *
 * A shell waits at the end of a pipe whose other end only this process holds: the kernel closes it with the process,
 * whatever ends it. So nothing has to poll, and a program that knows nothing of us can be guarded.
 *
 * Guarantees: a guarded process group gets SIGTERM within a moment of our end and SIGKILL 5 s later.
 * Assumptions: a POSIX shell; guarded processes lead their own group.
 */
const SCRIPT = `
trap '' INT TERM HUP
groups=
while read -r verb value; do
  case $verb in
    guard) groups="$value $groups" ;;
    release) left=; for g in $groups; do [ "$g" = "$value" ] || left="$left $g"; done; groups=$left ;;
    folder) set -- "$@" "$value" ;;
  esac
done
for g in $groups; do kill -s TERM -- "-$g" 2>/dev/null; done
waited=0
while [ -n "$groups" ] && [ $waited -lt 50 ]; do
  left=; for g in $groups; do kill -s 0 -- "-$g" 2>/dev/null && left="$left $g"; done; groups=$left
  [ -n "$groups" ] && sleep 0.1
  waited=$((waited + 1))
done
for g in $groups; do kill -s KILL -- "-$g" 2>/dev/null; done
[ $# -eq 0 ] || rm -rf -- "$@"
`;

let pipe: Writable | undefined;

/** Ends the process group of `pid` together with this process. */
export function guardProcess(pid: number): void {
  send(`guard ${pid}`);
}

/** To be called when the process has ended: its number may soon belong to another one. */
export function releaseProcess(pid: number): void {
  send(`release ${pid}`);
}

/** Removes the folder at the end of this process, where nobody did before. */
export function guardFolder(folder: string): void {
  send(`folder ${folder}`);
}

function send(line: string): void {
  pipe ??= startGuard();
  pipe.write(`${line}\n`);
}

function startGuard(): Writable {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "orphan-guard"], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  guard.stdin.on("error", () => undefined); // without its guard this process goes on as it is
  return guard.stdin;
}
