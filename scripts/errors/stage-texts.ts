/* Texts of the programs in resources/ that start an endpoint, or reach its supervisor again: the client quotes them in an error of its own. */
import type { ErrorText } from "./typescript-texts.ts";

/** Why a directory or socket is refused, as a literal that is returned or handed to `refuse`. */
const refused = /\b(?:refuse\(|return )(?:path \+ )?(?:"([^"]*)"|`\$\{path\}([^`$]*)`)/g;
/** What is wrong with the payload. */
const detail = /"detail=([^"]*)"/g;

export function stageTexts(source: string): ErrorText[] {
  const isAttach = source.includes("reason=session");
  const [code, before] = isAttach
    ? (["outcome-unknown", "the host's side of the session has ended: {path} "] as const)
    : (["no-writable-directory", "no directory on the host can hold the endpoint; {path} "] as const);
  const reasons = [...source.matchAll(refused)].map(([, literal, template]) => (literal ?? template!).trim());
  return [
    ...reasons.filter((reason) => reason.includes(" ")).map((reason) => ({ code, text: before + reason })),
    ...[...source.matchAll(detail)]
      .filter(([, text]) => / \w+ /.test(text!))
      .map(([, text]) => ({
        code: "endpoint-broken" as const,
        text: `the endpoint could not be started (payload): ${text!.replaceAll(/%[sd]/g, "{…}")}`,
      })),
  ];
}
