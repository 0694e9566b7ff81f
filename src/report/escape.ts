/** Characters that XML 1.0 cannot hold, even escaped: https://www.w3.org/TR/xml/#charsets; lone surrogates among them. */
const NOT_XML = /(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]|\p{Cs}/gu;

/** Characters that turn the direction of text, so that it reads as something else than it says. */
const TURNING = /[\u202A-\u202E\u2066-\u2069]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for the content or a quoted attribute of XML and HTML; what XML cannot hold becomes `�`. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(NOT_XML, '�')
    .replaceAll(TURNING, '�')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Text on one line for people: no line ends and no control characters, so that it cannot steer a terminal. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/\p{Cs}/gu, '�')
    .replaceAll(TURNING, '�');
}
