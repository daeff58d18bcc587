import { existsSync } from "node:fs";
import type { Context } from "mocha";
import { ROOT } from "../dev/generate.ts";
import { skip } from "../dev/skip.ts";
import type { Engine } from "./engine.ts";
import { buildImage, findNodeImage, ImageUnavailableError } from "./images.ts";

/** From a hook: builds the operator's image from the Dockerfile, or skips the hook's tests where there is no base for it. */
export async function buildOperatorImage(context: Context, engine: Engine, tag: string): Promise<void> {
  try {
    const node = await findNodeImage(engine, console.info);
    const args = ["--build-arg", `NODE_IMAGE=${node}`, "--build-arg", "REVISION=test", ...certificatesSecret()];
    await buildImage(engine, { tag, context: ROOT, args });
  } catch (error) {
    if (error instanceof ImageUnavailableError) skip(context, error.message);
    throw error;
  }
}

/** Where npm reaches its registry through a proxy that signs TLS anew, the build has to trust it too. */
function certificatesSecret(): string[] {
  const file = process.env["NODE_EXTRA_CA_CERTS"];
  return file && existsSync(file) ? ["--secret", `id=ca,src=${file}`] : [];
}
