export { installWith, type Manager, managers, type Project } from "./managers.ts";
export { measureInstallations, type Installation } from "./measure.ts";
export { type Packed, packPackages } from "./pack.ts";
export { type Ran, run } from "./run.ts";
