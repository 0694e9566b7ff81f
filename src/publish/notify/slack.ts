import type { Send } from './attempt.ts';
import { request } from './http.ts';
import type { Message } from './message.ts';

/** Limits of Block Kit: https://docs.slack.dev/reference/block-kit/blocks */
const HEADER_LENGTH = 150;
const SECTION_LENGTH = 3_000;

/** Posts to an incoming webhook of Slack. */
export const sendSlack: Send<{ readonly url: string }> = async ({ channel, delivery, tool }, signal) =>
  request(
    {
      url: channel.url,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': `drillbook/${tool}` },
      body: JSON.stringify(slackDocument(delivery.message)),
    },
    signal,
  );

/** What Slack is sent: a header, why, and the facts. Nobody is mentioned and no link is made by what stands in it. */
export function slackDocument({ subject, because, facts }: Message): object {
  const lines = facts.map(([label, text]) => `*${escaped(label)}:* ${escaped(text)}`);
  return {
    text: escaped(`${subject}: ${because}`),
    unfurl_links: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', emoji: false, text: escapedWithin(HEADER_LENGTH, subject) } },
      { type: 'section', text: { type: 'mrkdwn', verbatim: true, text: escapedWithin(SECTION_LENGTH, because) } },
      { type: 'section', text: { type: 'mrkdwn', verbatim: true, text: wholeLines(SECTION_LENGTH, lines) } },
    ],
  };
}

/** As Slack asks: https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Cut before it is escaped: half an entity would be shown as it is. */
function escapedWithin(length: number, text: string): string {
  let kept = text;
  while (escaped(kept).length > length) kept = kept.slice(0, -10);
  return escaped(kept);
}

function wholeLines(length: number, lines: readonly string[]): string {
  let text = '';
  for (const line of lines) {
    if (text.length + line.length + 1 > length) break;
    text += `${line}\n`;
  }
  return text;
}
