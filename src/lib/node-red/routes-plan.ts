import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { iso } from '../clock.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import { cadenceMs } from '../plan/cadence.ts';
import type { PlanCommand } from '../plan/commands.ts';
import { PLAN_COMMANDS } from '../plan/commands.ts';
import type { CronSchedule } from '../plan/cron.ts';
import { parseCron } from '../plan/cron.ts';
import { Problem } from '../problem.ts';
import { machineTimeZone } from '../time-zone.ts';
import type { AdminRuntime } from './admin-route.ts';
import { jsonRoute, RouteError } from './admin-route.ts';
import type { PlanTimes } from './plan-settings.ts';
import { readTimes } from './plan-settings.ts';

/** What became of a command. */
export interface CommandAnswer {
  /** False: understood and refused, such as "not now, a run is going on". */
  readonly accepted: boolean;
  /** One sentence for people. */
  readonly answer: string;
}

/** What the routes of plans need from the runtime. */
export interface PlanRoutesHost {
  /** Undefined when no such plan is deployed. */
  command(
    planNodeId: string,
    command: PlanCommand,
    language: Language,
  ): CommandAnswer | undefined | Promise<CommandAnswer | undefined>;
}

/** What a cron expression means, while it is being typed. */
export type CronPreview =
  | {
      readonly valid: true;
      /** Such as "At 02:30"; empty where there are no words for it. */
      readonly words: string;
      readonly timeZone: string;
      /** At most three, ISO 8601 UTC. */
      readonly next: readonly string[];
    }
  | { readonly valid: false; readonly error: string };

/** How far apart the good backups of a plan are meant to be, as its fields stand in the editor. */
export type Cadence =
  | {
      readonly valid: true;
      /** Null: only an event starts it, so that it is never late. */
      readonly cadenceMs: number | null;
    }
  | { readonly valid: false; readonly error: string };

const LONGEST_CRON = 200;
const LONGEST_NAME = 100;

function inWords(expression: string, language: Language): string {
  // Loaded when the first dialog asks: 30 languages of words have no place in Node-RED's start.
  const { default: cronstrue }: typeof import('cronstrue/i18n.js') = createRequire(import.meta.url)(
    'cronstrue/i18n.js',
  );
  try {
    const words = cronstrue.toString(expression, {
      locale: language === 'zh-CN' ? 'zh_CN' : 'en',
      use24HourTimeFormat: true,
    });
    return language === 'zh-CN' ? words.replaceAll(', ', '，') : words;
  } catch {
    return '';
  }
}

function nextSlots(schedule: CronSchedule, now: number): string[] {
  const slots: string[] = [];
  for (let slot = schedule.next(now); slot !== undefined && slots.length < 3; slot = schedule.next(slot)) {
    slots.push(iso(slot));
  }
  return slots;
}

/**
 * Explains a cron expression.
 *
 * @param now ms since the epoch
 */
export function previewCron(
  expression: string,
  timeZone: string,
  language: Language,
  now: number,
): CronPreview {
  try {
    const schedule = parseCron(expression.slice(0, LONGEST_CRON), timeZone);
    const words = inWords(expression, language);
    const next = nextSlots(schedule, now);
    if (next.length === 0) return { valid: false, error: translate(language, 'routes:never-due') };
    return { valid: true, words, timeZone: schedule.timeZone, next };
  } catch (error) {
    if (error instanceof Problem) return { valid: false, error: error.in(language).message };
    throw error;
  }
}

/**
 * The rhythm that the lateness of a plan is measured against.
 *
 * @param name of the plan, for the error
 * @param now ms since the epoch
 */
export function cadenceOf(times: PlanTimes, name: string, language: Language, now: number): Cadence {
  try {
    const { schedule, minimumGapMs } = readTimes(
      { ...times, cron: (times.cron ?? '').slice(0, LONGEST_CRON) },
      name,
    );
    const isOwedByTime = schedule.kind !== 'event';
    return { valid: true, cadenceMs: isOwedByTime ? cadenceMs({ schedule, minimumGapMs }, now) : null };
  } catch (error) {
    if (error instanceof Problem) return { valid: false, error: error.in(language).message };
    throw error;
  }
}

/** The fields of a plan from a query; a kind of schedule that is none is refused where the schedule is read. */
function timesIn(query: Readonly<Record<string, unknown>>): PlanTimes {
  const textOf = (field: string): string => (typeof query[field] === 'string' ? query[field] : '');
  const scheduleKind = (['cron', 'interval', 'event'] as const).find(
    (kind) => kind === query['scheduleKind'],
  );
  return {
    ...(scheduleKind === undefined ? {} : { scheduleKind }),
    cron: textOf('cron'),
    timeZone: textOf('timeZone'),
    interval: textOf('interval'),
    minimumGap: textOf('minimumGap'),
  };
}

/**
 * The admin routes of `backup-plan`:
 * `GET lastgood/plans/preview?cron=&timeZone=&language=` answers a {@link CronPreview};
 * `GET lastgood/plans/cadence?name=&scheduleKind=&cron=&timeZone=&interval=&minimumGap=&language=` answers a {@link Cadence};
 * `GET lastgood/host` answers `{host, timeZone}` of the machine;
 * `POST lastgood/plans/:id/:command` answers a {@link CommandAnswer}, 404 when the plan is not deployed.
 */
export function registerPlanRoutes(runtime: AdminRuntime, host: PlanRoutesHost): void {
  const { httpAdmin, auth } = runtime;
  httpAdmin.get(
    '/lastgood/plans/preview',
    auth.needsPermission('lastgood.read'),
    jsonRoute(runtime, ({ query }, language) => {
      const { cron, timeZone } = query;
      return previewCron(
        typeof cron === 'string' ? cron : '',
        typeof timeZone === 'string' ? timeZone : '',
        language,
        Date.now(),
      );
    }),
  );
  httpAdmin.get(
    '/lastgood/plans/cadence',
    auth.needsPermission('lastgood.read'),
    jsonRoute(runtime, ({ query }, language) => {
      const name = typeof query['name'] === 'string' ? query['name'].slice(0, LONGEST_NAME) : '';
      return cadenceOf(timesIn(query), name, language, Date.now());
    }),
  );
  httpAdmin.get(
    '/lastgood/host',
    auth.needsPermission('lastgood.read'),
    jsonRoute(runtime, () => ({ host: hostname(), timeZone: machineTimeZone() })),
  );
  httpAdmin.post(
    '/lastgood/plans/:id/:command',
    auth.needsPermission('lastgood.write'),
    jsonRoute(runtime, async ({ params }, language) => {
      const command = PLAN_COMMANDS.find((known) => known === params['command']);
      if (command === undefined) throw new RouteError(404, translate(language, 'routes:unknown-command'));
      const answer = await host.command(String(params['id']), command, language);
      if (answer === undefined) throw new RouteError(404, translate(language, 'routes:plan-not-deployed'));
      return answer;
    }),
  );
}
