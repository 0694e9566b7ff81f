import { addMillis, epochMillisOf, type Instant } from '../../../../src/support/time.ts';
import type { AwsReply } from '../call.ts';
import { listParam } from '../sub-call.ts';
import type { XmlNode } from '../xml.ts';
import { invalidCombination, pageReply } from './pages.ts';
import type { RdsContext, RdsEvent, RdsState } from './rds-state.ts';
import { stepsBegun } from './timeline.ts';

const USUAL_WINDOW_MINUTES = 60;

/** Notes an event of an instance. */
export function noteInstanceEvent(
  state: RdsState,
  record: { readonly id: string; readonly arn: string },
  event: { readonly at: Instant; readonly message: string; readonly categories: readonly string[] },
): void {
  state.events.push({ sourceId: record.id, sourceArn: record.arn, sourceType: 'db-instance', ...event });
}

/** DescribeEvents: without a window only the last hour's, as AWS does. */
export function describeEvents(context: RdsContext): AwsReply {
  const { call, now, state } = context;
  const { SourceIdentifier: source, SourceType: type, StartTime, EndTime, Duration } = call.params;
  if (source !== undefined && type === undefined) {
    return invalidCombination(call, 'Cannot specify source identifier without source type');
  }
  const minutes = Number(Duration ?? USUAL_WINDOW_MINUTES);
  const end = epochMillisOf(EndTime ?? now);
  const start = StartTime === undefined ? end - minutes * 60_000 : epochMillisOf(StartTime);
  const categories = listParam(call.params, 'EventCategories.EventCategory');
  const items = everyEvent(context)
    .filter((one) => source === undefined || one.sourceId === source)
    .filter((one) => type === undefined || one.sourceType === type)
    .filter((one) => categories.length === 0 || one.categories.some((each) => categories.includes(each)))
    .filter((one) => epochMillisOf(one.at) >= start && epochMillisOf(one.at) <= end)
    .map(eventNode);
  return pageReply(call, { list: 'Events', member: 'Event', items }, state.settings.paging);
}

function everyEvent({ state, now, call }: RdsContext): RdsEvent[] {
  const owner = `:rds:${call.region}:`;
  const fromTimelines = [...state.instances.values(), ...state.gone].flatMap((record) =>
    stepsBegun(record.timeline, epochMillisOf(now) - epochMillisOf(record.createdAt)).flatMap(({ step, offset }) =>
      step.event === undefined
        ? []
        : [
            {
              sourceId: record.id,
              sourceArn: record.arn,
              sourceType: 'db-instance',
              message: step.event.message,
              categories: step.event.categories ?? ['notification'],
              at: addMillis(record.createdAt, offset),
            },
          ],
    ),
  );
  return [...state.events, ...fromTimelines]
    .filter((one) => one.sourceArn.includes(owner) && epochMillisOf(one.at) <= epochMillisOf(now))
    .sort((a, b) => epochMillisOf(a.at) - epochMillisOf(b.at));
}

function eventNode(event: RdsEvent): XmlNode {
  return {
    SourceIdentifier: event.sourceId,
    SourceType: event.sourceType,
    Message: event.message,
    EventCategories: { EventCategory: [...event.categories] },
    Date: event.at,
    SourceArn: event.sourceArn,
  };
}
