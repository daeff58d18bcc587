import assert from "node:assert/strict";
import type { KongDouble } from "../../../doubles/kong/double.ts";
import { startKongDouble } from "../../../doubles/kong/double.ts";
import { send } from "./admin-client.ts";

describe("doubles/kong: pace", () => {
  let kong: KongDouble;

  before(async () => {
    kong = await startKongDouble({ pace: "kong" });
  });

  after(async () => {
    await kong.stop();
  });

  async function putsPerSecond(
    path: string,
    body: { host?: string; paths?: string[] },
    connections: number,
  ): Promise<number> {
    const perConnection = 12;
    const startMs = performance.now();
    await Promise.all(
      Array.from({ length: connections }, async (_, connection) => {
        for (let n = 0; n < perConnection; n++) {
          await send(kong.adminUrl, "PUT", `${path}-${String(connection)}-${String(n)}`, body);
        }
      }),
    );
    return (1000 * connections * perConnection) / (performance.now() - startMs);
  }

  it("lets one connection pass 250 requests a second at most", async () => {
    assert.ok((await putsPerSecond("/services/one", { host: "a.test" }, 1)) <= 250);
  });

  it("lets all together pass 690 services and 490 routes a second at most", async () => {
    assert.ok((await putsPerSecond("/services/many", { host: "a.test" }, 16)) <= 700);
    assert.ok((await putsPerSecond("/routes/many", { paths: ["/a"] }, 16)) <= 500);
  });
});
