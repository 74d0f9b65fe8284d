/// <reference types="jquery" />
import type { Retention } from '../lib/restic/retention.ts';
import { invalidRetentionField } from '../lib/restic/retention.ts';
import type { PlanDefinition } from '../nodes/backup-plan/definition.ts';
import { durationProblem } from './duration-field.ts';
import { WATTS } from './plan-device.ts';
import { cronComplaint } from './plan-schedule.ts';
import type { EditedNode } from './red.ts';
import { isEnvironmentReference, textsOf } from './red.ts';
import { isTimeZone } from './time-zone.ts';
import { words } from './words.ts';

const text = textsOf('backup-plan');
let openDialog: string | undefined;

/** Tells the validators whose dialog is open; undefined when it closes. */
export function dialogOpened(id: string | undefined): void {
  openDialog = id;
}

/** What the field of an open dialog holds, else what is stored. */
function current(
  plan: EditedNode<PlanDefinition>,
  property: 'scheduleKind' | 'timeZone' | 'name' | 'wattsOn' | 'source',
): string {
  return String((plan.id === openDialog ? $(`#node-input-${property}`).val() : plan[property]) ?? '');
}

// A flow written by hand may lack properties: the validators take undefined for the default.

/** A validator's answer: true, or a message that names the field. */
type Answer = true | string;

function answer(label: string, complaint: string | undefined): Answer {
  return complaint === undefined ? true : text(`label.${label}`) + words().named + complaint;
}

/** The other enabled plan that has the same key. */
export function keyTwin(
  plan: EditedNode<PlanDefinition>,
  key: string,
): EditedNode<Record<string, unknown>> | undefined {
  let twin: EditedNode<Record<string, unknown>> | undefined;
  RED.nodes.eachNode((other) => {
    const same = other.type === 'backup-plan' && other.id !== plan.id && other['key'] === key;
    if (same && other.d !== true) twin = other;
  });
  return twin;
}

/** How a plan is called in messages. */
export function planName(plan: EditedNode<Record<string, unknown>>): string {
  const called = [plan['name'], plan['key']].find((word) => typeof word === 'string' && word !== '');
  return typeof called === 'string' ? called : plan.id;
}

export function repositoryAnswer(id: string | undefined): Answer {
  if (id === undefined || id === '' || id === '_ADD_')
    return answer('repository', text('error.noRepository'));
  if (isEnvironmentReference(id)) return true;
  const repository = RED.nodes.node(id);
  if (!repository) return answer('repository', text('error.repositoryGone'));
  return 'valid' in repository && repository['valid'] === false
    ? answer('repository', text('error.repositoryInvalid'))
    : true;
}

/** What is wrong with a list of sources, shown under the list while it is edited. */
export function pathsComplaint(paths: readonly string[]): string | undefined {
  if (paths.length === 0) return text('error.noPaths');
  const odd = paths.find((path) => !/^(\/|[A-Za-z]:[\\/]|\\\\|\$\{[A-Za-z_]\w*\})/.test(path));
  return odd === undefined ? undefined : text('error.relativePath', { path: odd });
}

/** Is this the kind of source that is chosen? Nothing else is asked for. */
function saves(plan: EditedNode<PlanDefinition>, source: PlanDefinition['source']): boolean {
  return (current(plan, 'source') || 'folders') === source;
}

export function pathsAnswer(plan: EditedNode<PlanDefinition>, paths: readonly string[] | undefined): Answer {
  return saves(plan, 'folders') ? answer('paths', pathsComplaint(paths ?? [])) : true;
}

export function sourceCommandAnswer(
  plan: EditedNode<PlanDefinition>,
  command: readonly string[] | undefined,
): Answer {
  const isMissing = saves(plan, 'command') && (command?.[0] ?? '') === '';
  return answer('sourceCommand', isMissing ? text('error.noCommand') : undefined);
}

export function sourceUrlAnswer(plan: EditedNode<PlanDefinition>, url: string | undefined): Answer {
  const typed = (url ?? '').trim();
  const isGood = isEnvironmentReference(typed) || (/^https?:\/\//i.test(typed) && URL.canParse(typed));
  return answer('sourceUrl', saves(plan, 'download') && !isGood ? text('error.address') : undefined);
}

export function sourceNameAnswer(plan: EditedNode<PlanDefinition>, name: string | undefined): Answer {
  const isBad = !saves(plan, 'folders') && /[/\\]|^\.{1,2}$/.test((name ?? '').trim());
  return answer('sourceName', isBad ? text('error.fileName') : undefined);
}

/** restic separates tags by commas; ours are added by the node. */
export function tagsComplaint(tags: readonly string[]): string | undefined {
  const odd = tags.find((tag) => tag.includes(','));
  if (odd !== undefined) return text('error.tagComma', { tag: odd });
  const reserved = tags.find((tag) => /^(plan|created-by):/.test(tag));
  return reserved === undefined ? undefined : text('error.tagReserved', { tag: reserved });
}

export function tagsAnswer(tags: readonly string[] | undefined): Answer {
  return answer('tags', tagsComplaint(tags ?? []));
}

export function sizeAnswer(size: string | undefined): Answer {
  return size === undefined || size === '' || /^\d+[kmgt]?$/i.test(size)
    ? true
    : answer('excludeLargerThan', text('error.size'));
}

export function keyAnswer(plan: EditedNode<PlanDefinition>, key: string | undefined): Answer {
  if (key === undefined || key === '') return answer('key', text('error.noKey'));
  if (!/^[a-z0-9-]+$/.test(key)) return answer('key', text('error.badKey'));
  const twin = keyTwin(plan, key);
  return twin === undefined ? true : answer('key', text('error.keyTwin', { name: planName(twin) }));
}

export function cronAnswer(plan: EditedNode<PlanDefinition>, cron: string | undefined): Answer {
  if (current(plan, 'scheduleKind') !== 'cron') return true;
  return answer('cron', cronComplaint(cron ?? '', current(plan, 'timeZone') ?? ''));
}

export function intervalAnswer(plan: EditedNode<PlanDefinition>, interval: string | undefined): Answer {
  return current(plan, 'scheduleKind') === 'interval'
    ? durationProblem(interval ?? '', text('label.interval'))
    : true;
}

export function optionalDurationAnswer(
  duration: string | undefined,
  label:
    | 'settle'
    | 'minimumGap'
    | 'jitter'
    | 'wattsOnFor'
    | 'wattsOffFor'
    | 'powerUpWithin'
    | 'powerOffAfter',
): Answer {
  return durationProblem(duration, text(`label.${label}`), { emptyAllowed: true, zeroAllowed: true });
}

/** An empty field stands for the default. */
export function wattsAnswer(
  plan: EditedNode<PlanDefinition>,
  watts: number | string | undefined,
  label: 'wattsOn' | 'wattsOff',
): Answer {
  const typed = String(watts ?? '').trim();
  if (isEnvironmentReference(typed)) return true;
  if (typed !== '' && !/^\d+(\.\d+)?$/.test(typed)) return answer(label, text('error.watts'));
  if (label === 'wattsOn') return true;
  const on = Number(current(plan, 'wattsOn').trim() || WATTS.wattsOn);
  return answer(label, Number(typed || WATTS.wattsOff) >= on ? text('error.wattsOrder') : undefined);
}

/** Percent; an empty field stands for the default. */
export function shrinkAnswer(percent: number | string | undefined): Answer {
  const typed = String(percent ?? '').trim();
  const isGood = typed === '' || isEnvironmentReference(typed) || /^(100|\d{1,2})$/.test(typed);
  return answer('shrinkLimit', isGood ? undefined : text('error.percent'));
}

export function timeZoneAnswer(zone: string | undefined): Answer {
  return answer('timeZone', isTimeZone((zone ?? '').trim()) ? undefined : text('error.timeZone'));
}

export function retentionAnswer(retention: Retention | undefined): Answer {
  const field = invalidRetentionField(retention ?? {});
  if (field === undefined) return true;
  const name = field === 'within' ? text('label.within') : text(`label.keep.${field}`);
  return name + words().named + text(field === 'within' ? 'error.within' : 'error.count');
}
