import type { Context } from "mocha";
import { skip } from "../dev/skip.ts";
import {
  ControlPlaneUnavailableError,
  isControlPlaneReady,
  sharedControlPlane,
  type ControlPlane,
} from "./control-plane.ts";

const START_MS = 2 * 60_000;
const BUILD_MS = 25 * 60_000;

/**
 * For a `before` hook: the shared control plane, or all tests of the block are skipped with the reason. Gives the hook the
 * time that a start takes, or a first build.
 *
 * Example: `before(async function () { controlPlane = await controlPlaneOrSkip(this); })`
 */
export async function controlPlaneOrSkip(
  context: Context,
  start: () => Promise<ControlPlane> = sharedControlPlane,
): Promise<ControlPlane> {
  context.timeout((await isControlPlaneReady()) ? START_MS : BUILD_MS);
  try {
    return await start();
  } catch (error) {
    if (error instanceof ControlPlaneUnavailableError) skip(context, error.message);
    throw error;
  }
}
