/* What a service said of an error, as a text for people: never a page of HTML. */

/** The title of a page, which says what the matter is where anything does; other texts as they are, on one line. */
export function saidOf(text: string, contentType: string): string {
  const isPage = /html/i.test(contentType) || /^\s*(<!doctype|<html|<head|<body)/i.test(text);
  if (!isPage) return text.replaceAll(/\s+/g, " ").trim();
  const title = /<title[^>]*>([^<]{0,300})/i.exec(text)?.[1] ?? "";
  return title.replaceAll(/\s+/g, " ").trim();
}
