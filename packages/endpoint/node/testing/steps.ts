/* The endpoint, killed without notice when the step named by SREMOTE_KILL_AT is done. For tests of what a sudden death leaves behind. */
import { crash } from "../crash.ts";
import { main } from "../main.ts";

const killAt = process.env["SREMOTE_KILL_AT"];

async function run(): Promise<void> {
  const status = await main(process.argv.slice(2), (step) => {
    if (step === killAt) process.kill(process.pid, "SIGKILL");
  });
  if (status !== undefined) process.exit(status);
}

run().catch(crash);
