import { type Node, type ParsedNode, type YAMLMap, isAlias, isMap, isScalar, isSeq } from 'yaml';

import { type Finding, type Path, type Range, quoted } from './finding.ts';

/** Where one value of a document stands. */
export interface Spot {
  readonly key?: Range;
  readonly value: Range;
  /** Of a mapping: the key it begins with. */
  readonly firstKey?: Range;
}

/** A scalar as it was written. */
export interface Leaf {
  readonly path: Path;
  readonly range: Range;
  readonly value: unknown;
}

/** All places of a document, its scalars, and what YAML allows but a runbook does not. */
export interface Tree {
  readonly spots: ReadonlyMap<string, Spot>;
  readonly leaves: readonly Leaf[];
  readonly findings: readonly Finding[];
}

/** A path as a key of `spots`. Indexes and their texts are the same, as they are in JSON pointers. */
export function spotKey(path: Path): string {
  return JSON.stringify(path.map(String));
}

interface Growing {
  readonly spots: Map<string, Spot>;
  readonly leaves: Leaf[];
  readonly findings: Finding[];
}

/** Reads the nodes of a document whose depth is known to be small. */
export function readTree(root: ParsedNode | null): Tree {
  const tree: Growing = { spots: new Map(), leaves: [], findings: [] };
  if (root) readNode(tree, root, []);
  return tree;
}

function readNode(tree: Growing, node: Node, path: Path, key?: Range): void {
  const value = rangeOf(node) ?? key ?? [0, 0];
  const firstKey = isMap(node) && isScalar(node.items[0]?.key) ? rangeOf(node.items[0].key) : undefined;
  tree.spots.set(spotKey(path), { value, ...(key && { key }), ...(firstKey && { firstKey }) });
  if (isAlias(node) || ('anchor' in node && node.anchor !== undefined)) tree.findings.push(alias(value));
  if (!isAlias(node) && node.tag !== undefined) tree.findings.push(tag(value));
  if (isMap(node)) readMap(tree, node, path);
  else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) if (isNode(item)) readNode(tree, item, [...path, index]);
  } else if (isScalar(node)) tree.leaves.push({ path, range: value, value: node.value });
}

function readMap(tree: Growing, map: YAMLMap, path: Path): void {
  const seen = new Set<string>();
  for (const pair of map.items) {
    const key = isNode(pair.key) ? pair.key : undefined;
    const range = (key && rangeOf(key)) ?? rangeOf(map) ?? [0, 0];
    if (
      !isScalar<string | number | boolean | null>(key) ||
      key.value === null ||
      key.tag !== undefined ||
      key.anchor !== undefined
    ) {
      tree.findings.push(badKey(range));
      continue;
    }
    const name = String(key.value);
    if (seen.has(name)) tree.findings.push(duplicateKey(name, range));
    seen.add(name);
    if (isNode(pair.value)) readNode(tree, pair.value, [...path, name], range);
    else tree.spots.set(spotKey([...path, name]), { key: range, value: range });
  }
}

function isNode(value: unknown): value is Node {
  return isAlias(value) || isMap(value) || isSeq(value) || isScalar(value);
}

function rangeOf(node: Node): Range | undefined {
  return node.range ? [node.range[0], node.range[1]] : undefined;
}

function alias(range: Range): Finding {
  return {
    code: 'alias',
    at: { kind: 'text', range },
    message: 'an anchor or alias is used, so that what stands here would come from elsewhere',
    hint: 'Write the value itself.',
  };
}

function tag(range: Range): Finding {
  return {
    code: 'tag',
    at: { kind: 'text', range },
    message: 'a YAML tag is used, and no value needs one',
    hint: 'Leave the tag out; put a text in quotes where it looks like something else.',
  };
}

function badKey(range: Range): Finding {
  return {
    code: 'bad-key',
    at: { kind: 'text', range },
    message: 'the key is not a plain word',
    hint: 'Write a word followed by a colon.',
  };
}

function duplicateKey(name: string, range: Range): Finding {
  return {
    code: 'duplicate-key',
    at: { kind: 'text', range },
    message: `the key ${quoted(name)} is written twice`,
    hint: 'Keep one of them.',
  };
}
