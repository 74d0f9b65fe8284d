import type { Severity } from '../alerts/alert.ts';
import type { Clock } from '../clock.ts';
import { Problem } from '../problem.ts';
import { alertMessage } from './alert-message.ts';
import { inTheWay } from './in-the-way.ts';
import type { PlanRecord } from './record.ts';

/** So long the desk waits for other plans that are late for the same reason. */
const GATHER_MS = 10_000;
/** And so long for plans of the gate that are still being started, in turns of the above. */
const MOST_TURNS = 6;

/** Tells in one alert what is one matter: plans of a gate that are late because the same device is away. */
export class AlertDesk {
  private readonly clock: Clock;
  /** The plans of a gate; undefined in the place of one that is not open yet. */
  private readonly plansOf: (gateId: string) => readonly (PlanRecord | undefined)[];
  private readonly waiting = new Set<string>();

  constructor(clock: Clock, plansOf: (gateId: string) => readonly (PlanRecord | undefined)[]) {
    this.clock = clock;
    this.plansOf = plansOf;
  }

  /** A plan has something to say that others may have to say as well. */
  offer({ gateId }: PlanRecord): void {
    if (gateId === undefined || this.waiting.has(gateId)) return;
    this.waiting.add(gateId);
    this.wait(gateId, 1);
  }

  private wait(gateId: string, turn: number): void {
    this.clock.after(GATHER_MS, () => {
      const plans = this.plansOf(gateId);
      if (plans.includes(undefined) && turn < MOST_TURNS) {
        this.wait(gateId, turn + 1);
        return;
      }
      this.waiting.delete(gateId);
      const open = plans.filter((plan) => plan !== undefined);
      // A rejection that nobody handles would end Node-RED.
      this.tell(open).catch((cause: unknown) => {
        open[0]?.warn(new Problem('internal', { detail: String(cause) }, { cause }));
      });
    });
  }

  private async tell(plans: readonly PlanRecord[]): Promise<void> {
    const groups = new Map<string, { tier: Severity; thing: string; members: PlanRecord[] }>();
    for (const plan of plans) {
      const alert = plan.alerts.gathered();
      if (alert === undefined) continue;
      const thing = thingOf(plan);
      const key = `${alert.severity} ${thing}`;
      const group = groups.get(key) ?? { tier: alert.severity, thing, members: [] };
      group.members.push(plan);
      groups.set(key, group);
    }
    await Promise.all(
      [...groups.values()].map(({ tier, thing, members }) => {
        const nearly = plans.filter(
          (plan) =>
            !members.includes(plan) &&
            thingOf(plan) === thing &&
            inTheWay(plan.state).isAbsent &&
            plan.alerts.isNearly(tier, this.clock.now()),
        );
        return this.tellTogether([...members, ...nearly], tier);
      }),
    );
  }

  private async tellTogether(plans: readonly PlanRecord[], tier: Severity): Promise<void> {
    const taken = await Promise.all(
      plans.map(async (plan) => ({ plan, alert: await plan.alerts.takeLate(tier) })),
    );
    const [first, ...others] = taken.flatMap(({ plan, alert }) =>
      alert === undefined ? [] : [{ plan, alert }],
    );
    if (first === undefined) return;
    const message = alertMessage([first.plan, ...others.map(({ plan }) => plan)], first.alert);
    first.plan.alerts.send(message);
  }
}

/** What a plan waits for, as far as others can wait for it too. */
function thingOf(plan: PlanRecord): string {
  return plan.device === undefined ? `repository ${plan.place}` : `device ${plan.device.name}`;
}
