import { formatSentence } from './format.ts';
import { type Markup, html, icon, section } from './html-markup.ts';
import type { Report } from './report.ts';
import { notificationInWords } from './words.ts';

/** Who was told of the drill, and who could not be; nothing where nobody was to be told. */
export function notificationsSection({ notifications = [] }: Report): Markup | undefined {
  if (notifications.length === 0) return undefined;
  const items = notifications.map((one) => {
    const tone = one.outcome === 'sent' ? 'good' : 'unsure';
    const why = one.because !== undefined && html`<p class="small">${formatSentence(one.because)}</p>`;
    return html`<li class="${tone}">
      ${icon(tone)}
      <div>
        <p>${formatSentence(notificationInWords(one))}</p>
        ${why}
      </div>
    </li>`;
  });
  return section(
    { title: 'Notifications', id: 'notifications' },
    html`<ul class="problems">
      ${items}
    </ul>`,
  );
}
