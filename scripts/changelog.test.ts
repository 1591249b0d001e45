import { expect, test } from "vitest";
import { nextVersion, parseChangeset, section, withSection } from "./changelog.ts";

const fixed = { bump: "patch", text: "Closing ends at once." } as const;
const added = { bump: "minor", text: "`ship` sends code.\nIt is new." } as const;

test("a changeset is its greatest bump and its text", () => {
  const source = '---\n"sremote": patch\n"@sremote/client": minor\n---\n\n`ship` sends code.\nIt is new.\n';
  expect(parseChangeset("a.md", source)).toEqual(added);
});

test.each([
  ["no head", "A text.\n"],
  ["a bump that is none", '---\n"sremote": huge\n---\n\nA text.\n'],
  ["no text", '---\n"sremote": patch\n---\n\n'],
])("a changeset with %s is refused by its name", (_, source) => {
  expect(() => parseChangeset("a.md", source)).toThrow(/^a\.md: /);
});

test("the next version goes by the greatest bump", () => {
  expect(nextVersion("0.1.0", [fixed])).toBe("0.1.1");
  expect(nextVersion("0.1.4", [fixed, added])).toBe("0.2.0");
  expect(nextVersion("0.9.3", [added, { bump: "major", text: "Stable." }])).toBe("1.0.0");
});

test("a section has what is new before what is mended, and stands above older ones", () => {
  const text = section("0.2.0", "2027-01-31", [fixed, added]);
  expect(text).toBe("## 0.2.0 (2027-01-31)\n\n### New\n\n- `ship` sends code.\n  It is new.\n\n### Mended\n\n- Closing ends at once.\n");
  const page = withSection("# Changes\n\nAll packages.\n\n## 0.1.0\n\nFirst.\n", text);
  expect(page.indexOf("## 0.2.0")).toBeLessThan(page.indexOf("## 0.1.0"));
  expect(page.startsWith("# Changes\n\nAll packages.\n\n## 0.2.0")).toBe(true);
  expect(withSection("# Changes\n", "## 0.1.0\n")).toBe("# Changes\n\n## 0.1.0\n");
});
