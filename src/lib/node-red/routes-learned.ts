import { translate } from '../language.ts';
import type { LearnedWeek } from '../plan/learning.ts';
import type { AdminRuntime } from './admin-route.ts';
import { jsonRoute, RouteError } from './admin-route.ts';

/** What the plans of a gate have learned. */
export interface LearnedPlan {
  readonly name: string;
  readonly week: LearnedWeek;
}

/** What the routes of gates need from the runtime. */
export interface GateRoutesHost {
  /** Undefined when no such gate is deployed. */
  learned(gateNodeId: string): readonly LearnedPlan[] | undefined;
  /** False when no such gate is deployed. */
  forget(gateNodeId: string): Promise<boolean>;
}

/**
 * The admin routes of `retry-gate`: `GET lastgood/gates/:id/learned` answers a list of {@link LearnedPlan};
 * `POST lastgood/gates/:id/forget` has all of it forgotten. 404 when the gate is not deployed.
 */
export function registerGateRoutes(runtime: AdminRuntime, host: GateRoutesHost): void {
  const { httpAdmin, auth } = runtime;
  httpAdmin.get(
    '/lastgood/gates/:id/learned',
    auth.needsPermission('lastgood.read'),
    jsonRoute(runtime, ({ params }, language) => {
      const learned = host.learned(String(params['id']));
      if (learned === undefined) throw new RouteError(404, translate(language, 'routes:gate-not-deployed'));
      return learned;
    }),
  );
  httpAdmin.post(
    '/lastgood/gates/:id/forget',
    auth.needsPermission('lastgood.write'),
    jsonRoute(runtime, async ({ params }, language) => {
      const isDeployed = await host.forget(String(params['id']));
      if (!isDeployed) throw new RouteError(404, translate(language, 'routes:gate-not-deployed'));
      return { forgotten: true };
    }),
  );
}
