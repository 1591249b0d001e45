/* The endpoint, which ends calls that are not waited for after a moment, and looks all the time. */
import { crash } from "../crash.ts";
import { audienceTimes } from "../spool/audience.ts";
import { main } from "../main.ts";

audienceTimes.patience = 400;
audienceTimes.look = 50;

async function run(): Promise<void> {
  const status = await main(process.argv.slice(2));
  if (status !== undefined) process.exit(status);
}

run().catch(crash);
