import type { Clock } from '../../../../src/support/clock.ts';
import type { AwsReply, Layer } from '../call.ts';
import type { XmlNode } from '../xml.ts';
import { describeAccountAttributes, describeOrderableOptions } from './account.ts';
import { deleteAutomatedBackup, describeAutomatedBackups } from './automated-backups.ts';
import {
  deleteInstance,
  deleteSubnetGroup,
  isDeletionDue,
  modifyInstance,
  settleDeletions,
} from './change-instance.ts';
import { describeEvents } from './events.ts';
import { describeInstances } from './instances.ts';
import { describeInterfaces } from './network-interfaces.ts';
import {
  clearState,
  freshState,
  type RdsContext,
  type RdsEvent,
  type RdsSettings,
  type RdsState,
  type TimelineMatch,
} from './rds-state.ts';
import { createInstance, restoreFromSnapshot, restoreToPointInTime } from './restore.ts';
import { changeSnapshot, describeSnapshots } from './snapshots.ts';
import type { Timeline } from './timeline.ts';

/** What a test can make the simulated RDS do and show. Names are of the home account and region unless they are ARNs. */
export interface RdsWorld {
  readonly settings: RdsSettings;
  /** What instances that are made from now on go through; the newest plan that matches counts. */
  setTimeline(match: TimelineMatch, timeline: Timeline): void;
  /** Elements of a snapshot shown instead of the real ones: SnapshotType, Status, times, Encrypted, DBSnapshotArn, … */
  setSnapshot(id: string, shown: XmlNode): void;
  /** Elements of an instance that exists shown instead of the real ones: LatestRestorableTime, DBInstanceStatus, … */
  setInstance(id: string, shown: XmlNode): void;
  /** Elements of an instance's automated backup: RestoreWindow, Status, … */
  setAutomatedBackup(id: string, shown: XmlNode): void;
  addEvent(event: RdsEvent): void;
}

/** Home of names that are no ARNs. */
export interface Home {
  readonly account: string;
  readonly region: string;
}

/** The simulated RDS over moto's: its face for tests, its layer, and how to forget everything. */
export function rdsWorld(clock: Clock, home: Home): { rds: RdsWorld; layer: Layer; reset: () => void } {
  const state = freshState(clock);
  const arnOf = (kind: 'db' | 'snapshot', id: string) =>
    id.startsWith('arn:') ? id : `arn:aws:rds:${home.region}:${home.account}:${kind}:${id}`;
  const recordOf = (id: string) => {
    const record = state.instances.get(arnOf('db', id));
    if (record === undefined) throw new Error(`no instance '${id}' in the simulated RDS; make it first`);
    return record;
  };
  const rds: RdsWorld = {
    get settings() {
      return state.settings;
    },
    setTimeline: (match, timeline) => void state.planned.push({ match, timeline }),
    setSnapshot: (id, shown) => {
      const known = state.snapshots.get(arnOf('snapshot', id)) ?? { isSeen: false, shown: {} };
      Object.assign(known.shown, shown);
      state.snapshots.set(arnOf('snapshot', id), known);
    },
    setInstance: (id, shown) => void Object.assign(recordOf(id).shown, shown),
    setAutomatedBackup: (id, shown) => void Object.assign(recordOf(id).shownBackup, shown),
    addEvent: (event) => void state.events.push(event),
  };
  return { rds, layer: layerOf(state), reset: () => clearState(state) };
}

// One at a time: between moto's answer to a restore and our noting it, another call would see the instance available.
function layerOf(state: RdsState): Layer {
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(task: () => Promise<T>): Promise<T> => {
    const mine = turn.then(task);
    turn = mine.catch(() => undefined);
    return mine;
  };
  return async (call, next) => {
    const contextNow = (): RdsContext => ({ state, call, next, now: state.clock.now() });
    if (call.service === 'rds') {
      return inTurn(async () => {
        await settleDeletions(contextNow());
        return answer(contextNow());
      });
    }
    if (isDeletionDue(contextNow())) await inTurn(async () => settleDeletions(contextNow()));
    return call.action === 'DescribeNetworkInterfaces' ? describeInterfaces(contextNow()) : next(call);
  };
}

async function answer(context: RdsContext): Promise<AwsReply> {
  const { call, next } = context;
  switch (call.action) {
    case 'CreateDBInstance':
      return createInstance(context);
    case 'RestoreDBInstanceFromDBSnapshot':
      return restoreFromSnapshot(context);
    case 'RestoreDBInstanceToPointInTime':
      return restoreToPointInTime(context);
    case 'DescribeDBInstances':
      return describeInstances(context);
    case 'ModifyDBInstance':
      return modifyInstance(context);
    case 'DeleteDBInstance':
      return deleteInstance(context);
    case 'DeleteDBSubnetGroup':
      return deleteSubnetGroup(context);
    case 'DescribeDBSnapshots':
      return describeSnapshots(context);
    case 'CreateDBSnapshot':
    case 'CopyDBSnapshot':
    case 'DeleteDBSnapshot':
      return changeSnapshot(context);
    case 'DescribeDBInstanceAutomatedBackups':
      return describeAutomatedBackups(context);
    case 'DeleteDBInstanceAutomatedBackup':
      return deleteAutomatedBackup(context);
    case 'DescribeEvents':
      return describeEvents(context);
    case 'DescribeAccountAttributes':
      return describeAccountAttributes(context);
    case 'DescribeOrderableDBInstanceOptions':
      return describeOrderableOptions(context);
    default:
      return next(call);
  }
}
