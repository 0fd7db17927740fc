// A process that upgrades one build, to be killed in the midst of it.
import { upgradeBuild } from "../../runtime/build-table/index.ts";

const [dir] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await upgradeBuild(dir)));
