/* Writes docs/errors.md: `npm run errors`. */
import { writeFileSync } from "node:fs";
import { page, renderErrors } from "./render.ts";

writeFileSync(page, renderErrors());
