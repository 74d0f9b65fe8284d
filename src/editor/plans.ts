/** A `backup-plan` node as other dialogs name it. */
export interface PlanChoice {
  readonly id: string;
  /** What the person called it. */
  readonly name: string;
  /** Id of its tab or subflow. */
  readonly tabId: string;
  /** Label of its tab or subflow. */
  readonly tab: string;
}

/** The label of a tab or subflow. */
export function tabLabel(id: string): string {
  return RED.nodes.workspace(id)?.label ?? RED.nodes.subflow(id)?.name ?? id;
}

/** Every plan in the editor, of all tabs, deployed or not, by name. */
export function allPlans(): PlanChoice[] {
  const plans: PlanChoice[] = [];
  RED.nodes.eachNode((node) => {
    if (node.type !== 'backup-plan') return;
    const { name, key }: { name?: string; key?: string } = Object(node);
    plans.push({ id: node.id, name: name || key || node.id, tabId: node.z, tab: tabLabel(node.z) });
  });
  return plans.toSorted((one, other) => one.name.localeCompare(other.name));
}
