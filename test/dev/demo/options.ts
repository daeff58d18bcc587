import { parseArgs } from "node:util";

export const USAGE = `npm run demo [-- OPTIONS]

  --once              tell the story, clean up and end
  --kong URL          Admin API of a real Kong instead of the stand-in
  --proxy URL         proxy of that Kong
  --backend-host HOST address under which that Kong reaches this machine (default 127.0.0.1)
  --kubeconfig FILE   a cluster of yours instead of a local control plane
  --help              this text`;

export interface DemoOptions {
  readonly once: boolean;
  readonly kong: { readonly adminUrl: string; readonly proxyUrl: string } | undefined;
  readonly backendHost: string;
  readonly kubeconfig: string | undefined;
}

/** @throws Error that says what is wrong with the arguments. */
export function parseDemoOptions(args: readonly string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: "boolean", default: false },
      kong: { type: "string" },
      proxy: { type: "string" },
      "backend-host": { type: "string", default: "127.0.0.1" },
      kubeconfig: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  if ((values.kong === undefined) !== (values.proxy === undefined)) {
    throw new Error("--kong and --proxy go together: the Admin API and the proxy of one Kong");
  }
  const trim = (url: string): string => url.replace(/\/+$/, "");
  return {
    once: values.once,
    kong: values.kong && values.proxy ? { adminUrl: trim(values.kong), proxyUrl: trim(values.proxy) } : undefined,
    backendHost: values["backend-host"],
    kubeconfig: values.kubeconfig,
  };
}
