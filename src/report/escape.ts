/** Characters that XML 1.0 cannot hold, even escaped: https://www.w3.org/TR/xml/#charsets; lone surrogates among them. */
const NOT_XML = /(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]|\p{Cs}/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for the content or a quoted attribute of XML and HTML; what XML cannot hold becomes `�`. */
export function escapeXml(text: string): string {
  return text.replaceAll(NOT_XML, '�').replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
