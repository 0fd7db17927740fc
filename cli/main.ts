// The process `twin`: runs its command line and ends with its exit code.
import { exit } from "./failure.ts";
import { run } from "./run.ts";

process.stdout.on("error", (failure: NodeJS.ErrnoException) => {
  if (failure.code === "EPIPE") {
    process.exit(exit.fine);
  }
});

process.exitCode = await run(process.argv.slice(2));
