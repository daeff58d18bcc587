import { parseArgs } from "node:util";
import { startKongDouble } from "./double.ts";
import type { KongDoubleOptions } from "./double.ts";

const USAGE =
  "npm run double:kong -- [--port N] [--proxy-port N] [--proxy-tls-port N] [--dbless] [--pace kong] [--lag] [--router expressions]";

/** Reads the command line. @throws Error with a message for people. */
function parseOptions(args: readonly string[]): KongDoubleOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string" },
      "proxy-port": { type: "string" },
      "proxy-tls-port": { type: "string" },
      dbless: { type: "boolean", default: false },
      pace: { type: "string" },
      lag: { type: "boolean", default: false },
      router: { type: "string", default: "traditional_compatible" },
    },
  });
  const { pace, router } = values;
  if (pace !== undefined && pace !== "kong") throw new Error(`--pace can only be kong, not ${pace}`);
  if (router !== "traditional" && router !== "traditional_compatible" && router !== "expressions") {
    throw new Error(`--router must be traditional, traditional_compatible or expressions, not ${router}`);
  }
  return {
    port: parsePort("--port", values.port),
    proxyPort: parsePort("--proxy-port", values["proxy-port"]),
    proxyTlsPort: parsePort("--proxy-tls-port", values["proxy-tls-port"]),
    dbless: values.dbless,
    lag: values.lag,
    routerFlavor: router,
    ...(pace === undefined ? {} : { pace }),
  };
}

function parsePort(name: string, text: string | undefined): number {
  const port = Number(text ?? "0");
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${name} must be a port, not ${String(text)}`);
  return port;
}

async function main(): Promise<void> {
  const double = await startKongDouble(parseOptions(process.argv.slice(2)));
  process.stdout.write("This is a stand-in for Kong Gateway 3.9 for tests and demos. It is not Kong.\n");
  process.stdout.write(`Admin API: ${double.adminUrl}\n`);
  process.stdout.write(`Proxy: ${double.proxyUrl}, ${double.proxyTlsUrl}\n`);
  const stop = (): void => {
    process.off("SIGTERM", stop).off("SIGINT", stop);
    double.stop().catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exitCode = 1;
    });
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nUsage: ${USAGE}\n`);
  process.exitCode = 1;
});
