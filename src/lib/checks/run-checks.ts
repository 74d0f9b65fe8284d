import { allOf } from './all.ts';
import type { CheckReport, CheckResult, CheckSpec } from './check.ts';
import { isGroup } from './check.ts';
import type { CheckContext } from './context.ts';
import { lookAtLeaf, timed } from './leaf.ts';
import { checkRepository } from './repository.ts';
import { endpointSubject, repositoryEndpoint } from './repository-endpoint.ts';
import { checkSource } from './sources.ts';

/**
 * Looks once, at everything at the same time; results keep the order of `specs`. An empty list asks for the obvious:
 * every source and the repository's place. Never rejects: a check that breaks is `unknown`, with the message.
 */
export async function runChecks(specs: readonly CheckSpec[], context: CheckContext): Promise<CheckReport> {
  const results = await Promise.all(
    specs.length === 0 ? obvious(context) : specs.map((spec) => runOne(spec, context)),
  );
  return {
    passed: results.every(({ answer }) => answer === 'yes'),
    results,
    reason: results.find(({ answer }) => answer !== 'yes')?.reason ?? '',
  };
}

function obvious(context: CheckContext): Promise<CheckResult>[] {
  const checks = context.sources.map((path) =>
    timed('sources', path, undefined, context, (look) => checkSource(path, look)),
  );
  const { repository } = context;
  if (repository === undefined) return checks;
  const endpoint = repositoryEndpoint(repository.url);
  return [
    ...checks,
    timed('repository', endpointSubject(endpoint), undefined, context, (look) =>
      checkRepository(repository, endpoint, look),
    ),
  ];
}

function runOne(spec: CheckSpec, context: CheckContext): Promise<CheckResult> {
  return isGroup(spec) ? runAll(spec.checks, context) : lookAtLeaf(spec, context);
}

async function runAll(specs: readonly CheckSpec[], context: CheckContext): Promise<CheckResult> {
  const began = context.clock.now();
  const parts = await Promise.all(specs.map((spec) => runOne(spec, context)));
  const subject = parts.map((part) => part.subject).join(', ');
  return {
    kind: 'all',
    subject,
    ...allOf(parts),
    durationMs: Math.max(0, context.clock.now() - began),
    parts,
  };
}
