/** Which column is what: as the server finds it by the usual names, and what to tell it where somebody wants it otherwise. */
import type { Head } from '../../../format/head';

/** Of these there is one column each. */
export const SINGLE = ['id', 'expected', 'contexts', 'cluster', 'weight', 'critical'] as const;
/** `object`: the column is named `inputs`, `outputs` or `metadata` and holds an object with them, which is read as it is. */
export type Role = 'input' | (typeof SINGLE)[number] | 'metadata' | 'outputs' | 'none' | 'object';

export const MEANING: Record<Exclude<Role, 'object'>, string> = {
  input: 'what the target is asked',
  id: 'the name of the case; without one it gets one from its content',
  expected: 'what counts as right; a target never sees it',
  contexts: 'passages that an answer should rest on; a target never sees them',
  cluster: 'cases with the same value are not independent: a document, a conversation',
  weight: 'how much of the population the case stands for',
  critical: 'true for cases which must not fail',
  metadata: 'what slices are made of',
  outputs: 'an answer that exists already, for the target `recorded`',
  none: 'not read',
};

/** The names that are looked for, as in `fields.rs`. */
const USUAL: Record<(typeof SINGLE)[number] | 'outputs', string[]> = {
  id: ['id', 'case_id', 'qid', 'key'],
  expected: ['expected', 'target', 'expected_output', 'reference', 'ideal', 'label', '__expected'],
  contexts: ['reference_contexts', 'contexts'],
  cluster: ['cluster', 'cluster_id'],
  weight: ['weight'],
  critical: ['critical'],
  outputs: ['output', 'actual_output', 'response'],
};

/** Whether the inputs stand in an object of their own: everything that nothing claims is metadata then. */
export const nested = (head: Head) => head.columns.includes('inputs') && head.objects.includes('inputs');

/** The role of each column when nothing is said. */
export function found(head: Head): Role[] {
  const rest: Role = nested(head) ? 'metadata' : 'input';
  const holder = new Map<string, Role>();
  for (const [role, names] of Object.entries(USUAL)) {
    const name = names.find(usual => head.columns.includes(usual));
    if (name !== undefined) holder.set(name, role as Role);
  }
  return head.columns.map(name => {
    if (name === 'metadata' || (['inputs', 'outputs'].includes(name) && head.objects.includes(name)))
      return 'object';
    return holder.get(name) ?? rest;
  });
}

/** The roles after column `at` was given one; whoever had it, where only one can, is what it would be without a usual name. */
export function give(head: Head, roles: Role[], at: number, role: Role): Role[] {
  const single = (SINGLE as readonly Role[]).includes(role);
  return roles.map((before, index) => {
    if (index === at) return role;
    return single && before === role ? (nested(head) ? 'metadata' : 'input') : before;
  });
}

export interface Said {
  /** Parameters of the import. */
  fields: Record<string, string>;
  /** Why it is not read in this way. */
  faults: string[];
}

/** What has to be said so that the columns have these roles. */
export function say(head: Head, roles: Role[]): Said {
  const usual = found(head);
  const having = (of: Role[], role: Role) => head.columns.filter((_, index) => of[index] === role);
  const fields: Record<string, string> = {};
  const faults: string[] = [];
  const stays = (name: string, role: string) =>
    faults.push(`\`${name}\` is read as ${role} by its name unless another column has that role.`);
  for (const role of SINGLE) {
    const [now] = having(roles, role);
    const [before] = having(usual, role);
    if (now === before) continue;
    if (now !== undefined) fields[role] = now;
    else if (before !== undefined) stays(before, role);
  }
  const listed = (role: Role) => {
    const names = having(roles, role);
    const cut = names.find(name => name.includes(','));
    if (cut !== undefined) faults.push(`\`${cut}\` has a comma in its name and cannot be named here.`);
    return names;
  };
  const outputs = having(roles, 'outputs');
  const before = having(usual, 'outputs');
  if (outputs.join('\n') !== before.join('\n')) {
    if (outputs.length > 0) fields.outputs = listed('outputs').join(',');
    else if (before[0] !== undefined) stays(before[0], 'an output');
  }
  if (!nested(head)) {
    const metadata = listed('metadata');
    if (metadata.length > 0) fields.metadata = metadata.join(',');
    // Named one by one where a column is left out, or where one is an input that its name makes something else.
    if (roles.some((role, index) => role === 'none' || (role === 'input' && usual[index] !== 'input')))
      fields.input = listed('input').join(',');
    if (having(roles, 'input').length === 0) faults.push('At least one column is an input.');
  }
  return { fields, faults };
}
