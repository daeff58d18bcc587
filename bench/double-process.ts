import { startKongDouble } from "../test/doubles/kong/double.ts";

// The stand-in in a process of its own, as Kong would be: otherwise it and the bench share one thread. Counts go over IPC.
const double = await startKongDouble({ pace: "kong", dbless: process.argv.includes("--dbless") });

process.on("message", (message) => {
  if (message === "counts") {
    const reads = double.count(({ method }) => method === "GET");
    process.send?.({ reads, writes: double.count() - reads });
  } else if (message === "reset") {
    double.resetCounts();
    process.send?.({ reads: 0, writes: 0 });
  }
});
process.on("disconnect", () => void double.stop().then(() => process.exit(0)));
process.send?.({ adminUrl: double.adminUrl });
