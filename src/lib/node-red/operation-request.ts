import type { NodeAPI } from 'node-red';
import type { RunDefinition } from '../../nodes/restic-run/definition.ts';
import type { Carried } from '../message.ts';
import { awaitsAcceptance } from '../plan/commands.ts';
import type { PlanRecord } from '../plan/record.ts';
import { Problem } from '../problem.ts';
import type { OperationRequest } from '../restic/operations.ts';
import { repositoryOf } from './repository-node.ts';

/**
 * What a restic-run node other than backup asks of the repository: its dialog, and of a message only `snapshot`,
 * `target` and `pattern`. Whether files may be overwritten is never a message's to say.
 * @throws Problem that names what is missing
 */
export function operationRequest(
  red: NodeAPI,
  definition: RunDefinition,
  message: Carried,
  record: PlanRecord | undefined,
): OperationRequest {
  const name = definition.name || definition.operation;
  const plan = record === undefined ? {} : { planKey: record.key, host: record.settings.contents.host };
  const text = (field: 'snapshot' | 'target' | 'pattern'): string => {
    const given = message[field];
    if (given !== undefined && typeof given !== 'string')
      throw new Problem('operation-field', { name, field });
    const value = given ?? definition[field] ?? '';
    return value;
  };
  switch (definition.operation) {
    case 'forget': {
      if (record === undefined) throw new Problem('forget-without-plan', { name });
      const lastGoodRunId = record.state.lastSuccess?.run ?? undefined;
      return {
        kind: 'forget',
        planKey: record.key,
        host: record.settings.contents.host,
        retention: record.settings.retention,
        isHeldBack: awaitsAcceptance(record.state),
        ...(lastGoodRunId === undefined ? {} : { lastGoodRunId }),
      };
    }
    case 'check':
      return { kind: 'check', readDataSubset: definition.readDataSubset ?? '' };
    case 'copy': {
      const from = repositoryOf(red, definition.fromRepository, name);
      const snapshot = text('snapshot');
      return { kind: 'copy', from, filter: { ...plan, ...(snapshot === '' ? {} : { ids: [snapshot] }) } };
    }
    case 'restore': {
      const target = text('target');
      if (!target.startsWith('/')) throw new Problem('restore-target', { name });
      return {
        kind: 'restore',
        snapshot: text('snapshot') || 'latest',
        filter: plan,
        target,
        include: definition.include ?? [],
        overwriteAllowed: definition.overwriteAllowed === true,
      };
    }
    case 'find': {
      const pattern = text('pattern');
      if (pattern === '') throw new Problem('operation-field', { name, field: 'pattern' });
      return { kind: 'find', pattern, filter: plan };
    }
    case 'stats': {
      const snapshot = text('snapshot');
      const filter = { ...plan, ...(snapshot === '' ? {} : { ids: [snapshot] }) };
      return { kind: 'stats', mode: definition.statsMode ?? 'restore-size', filter };
    }
    case 'snapshots':
      return { kind: 'snapshots', filter: plan };
    case 'unlock':
      return { kind: 'unlock' };
    case 'prune':
    case 'init':
      return { kind: definition.operation };
    default:
      throw new Problem('unknown-operation', { name, operation: String(definition.operation).slice(0, 40) });
  }
}
