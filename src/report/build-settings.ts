import { type DrillRecord, factsOf } from '../drill/record.ts';

/** What makes the figures of this drill special, each as a short phrase: read them beside every figure. */
export function settingsOf(record: DrillRecord): readonly string[] {
  return [...ofRestores(record), ...ofRunbook(record)];
}

/** A setting that only some of the restored servers have names them. */
function ofRestores(record: DrillRecord): readonly string[] {
  const names = (record.plan?.resources ?? []).map(({ spec }) => spec.name);
  const settings = new Set(names.flatMap((name) => factsOf(record, name)?.settings ?? []));
  return [...settings].map((setting) => {
    const having = names.filter((name) => factsOf(record, name)?.settings.includes(setting));
    return having.length === names.length ? setting : `${setting} ('${having.join("', '")}')`;
  });
}

function ofRunbook({ started }: DrillRecord): readonly string[] {
  if (started === undefined) return [];
  const { seedChosen, disasterAt, runbook } = started;
  const minimum = runbook.sandbox.minimumIsolation;
  return [
    // On AWS there is no less than a network of its own, so nothing was accepted.
    ...(minimum === 'L2' || minimum === 'VPC'
      ? []
      : [`isolation ${minimum} accepted by the runbook, below the default L2`]),
    ...(seedChosen ? ['seed chosen by a person: the draw says nothing about the other recovery points'] : []),
    ...(disasterAt === undefined ? [] : ["disaster named by '--disaster-at'"]),
  ];
}
