import { notGreen } from '../drill/control.ts';
import type { DrillEvent } from '../drill/events.ts';

/** One line for a person who watches a drill, or nothing for what only the journal needs. */
export function describeEvent(event: DrillEvent): string | undefined {
  const time = event.at.slice(11, 19);
  const text = describe(event);
  return text === undefined ? undefined : `${time} ${text}`;
}

function describe(event: DrillEvent): string | undefined {
  switch (event.type) {
    case 'drill-started':
      return `drill ${event.drillId}, seed ${event.seed}`;
    case 'engine-started':
      return event.purpose === 'run' ? undefined : `${event.purpose} of a drill that had been left`;
    case 'plan-made':
      return event.plan.resources
        .map(
          ({ spec, point, draw }) =>
            `drew '${point.id}' for ${spec.name}, ${draw.index + 1} of ${draw.candidates.length}`,
        )
        .join('; ');
    case 'drill-refused':
      return event.problems.map(({ message, code }) => `refused: ${message} [${code}]`).join('; ');
    case 'drill-aborted':
      return `aborted: ${event.problem.message} [${event.problem.code}]`;
    case 'drill-kept':
      return `kept until ${event.until}`;
    case 'teardown-started':
      return 'teardown';
    case 'removal-failed':
      return `not removed: ${event.problem.message} [${event.problem.code}]`;
    case 'teardown-finished':
      return event.left.length === 0 ? 'nothing is left' : `left: ${event.left.map(({ id }) => id).join(', ')}`;
    case 'notification-judged':
      return event.outcome === 'sent' ? `told '${event.target}' of '${event.occasion}'` : undefined;
    default:
      return describeStep(event);
  }
}

function describeStep(event: DrillEvent): string | undefined {
  switch (event.type) {
    case 'isolation-judged': {
      const { level, proofs } = event.evidence;
      const held = proofs.filter((proof) => proof.holds).length;
      return `${event.step}: level ${level}, ${held} of ${proofs.length} proofs hold`;
    }
    case 'check-judged': {
      const { outcome, because } = event.judgement;
      return `${event.step}: ${outcome}${outcome === 'passed' || because === undefined ? '' : ` (${because})`}`;
    }
    case 'control-judged': {
      const because = notGreen(event.judgement);
      return `${event.step}: ${because === undefined ? 'green on an undamaged copy' : `not green, ${because}`}`;
    }
    case 'check-proven':
      return `${event.step}: ${event.judgement.outcome === 'failed' ? 'noticed' : `not noticed (${event.judgement.outcome})`}`;
    case 'cutover-done':
      return `${event.step}: ${event.evidence.made.switched.map(({ name }) => name).join(', ')} switched`;
    case 'step-succeeded':
      return `${event.step}: done`;
    case 'step-interrupted':
      return `${event.step}: begun again, ${event.because}`;
    case 'step-failed':
      return `${event.step}: failed, ${event.problem.message} [${event.problem.code}]`;
    default:
      return undefined;
  }
}
