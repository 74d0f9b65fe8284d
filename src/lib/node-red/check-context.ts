import type { Node } from 'node-red';
import type { CheckContext } from '../checks/context.ts';
import type { Household } from './household.ts';
import { leadsToNode } from './wiring.ts';

/** What a look knows of the plan that it is for. */
export type PlanContext = Pick<CheckContext, 'sources' | 'repository' | 'repositoryAnswers' | 'needDevice'>;

/** Of a look that is for no plan. */
export const NO_PLAN: PlanContext = { sources: [] };

/** What can be looked at of a plan. */
export async function planContext(household: Household, planKey: string): Promise<PlanContext> {
  const settings = household.planByKey(planKey)?.settings;
  const repository = household.repositoryOfPlan(planKey);
  // A stream is nothing that lies somewhere.
  const sources = settings?.contents.stream === undefined ? (settings?.contents.paths ?? []) : [];
  if (repository === undefined) return { sources };
  return {
    sources,
    repository: await household.memories.placeOf(repository),
    // Loaded with the first check that asks for it, not with Node-RED.
    repositoryAnswers: async (look) => {
      const { repositoryAnswers } = await import('../checks/answers.ts');
      return repositoryAnswers(repository)(look);
    },
  };
}

/** The key of the plan whose runs come to a check; undefined when that are several, or none. */
export function planOfCheck(household: Household, check: Node): string | undefined {
  const plans = [...household.plans.values()].filter(
    ({ node, settings }) => settings !== undefined && leadsToNode(household.red, node, 0, check),
  );
  return plans.length === 1 ? plans[0]?.key : undefined;
}
