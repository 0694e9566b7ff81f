import { readFileSync, readdirSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { publishedSchemas } from '../../src/runbook/published-schemas.ts';
import { written, writtenOnAws } from './written.ts';

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described | boolean;
  readonly items?: Described;
  readonly oneOf?: readonly Described[];
  readonly anyOf?: readonly Described[];
  readonly then?: Described;
  readonly else?: Described;
}

const ROOT = new URL('../../', import.meta.url);
const [runbook, drill] = publishedSchemas();

describe('the published schemas', () => {
  it('are what is written below schema/', () => {
    for (const { file, schema } of publishedSchemas()) {
      expect(readFileSync(new URL(`schema/${file}`, ROOT), 'utf8')).toBe(`${JSON.stringify(schema, null, 2)}\n`);
    }
  });

  it('describe every key', () => {
    const undescribed: string[] = [];
    const walk = (schema: Described, path: string): void => {
      for (const [key, property] of Object.entries(schema.properties ?? {})) {
        if (!property.description) undescribed.push(`${path}.${key}`);
        walk(property, `${path}.${key}`);
      }
      const { oneOf = [], anyOf = [], items, then, else: otherwise } = schema;
      for (const part of [...oneOf, ...anyOf, items, then, otherwise]) if (part) walk(part, path);
      if (typeof schema.additionalProperties === 'object') walk(schema.additionalProperties, `${path}.*`);
    };
    for (const { file, schema } of publishedSchemas()) walk(schema, file);
    expect(undescribed).toEqual([]);
  });

  it('are understood by any validator, and accept every runbook and drill in the repository', () => {
    const validators = { runbook, drill };
    let found = 0;
    for (const folder of ['runbooks', 'drills', 'docs/examples']) {
      for (const name of readdirSync(new URL(folder, ROOT)).filter((one) => one.endsWith('.yaml'))) {
        const text = readFileSync(new URL(`${folder}/${name}`, ROOT), 'utf8');
        const [, kind] = /^(runbook|drill): /m.exec(text) ?? [];
        // Whatever else is an example, is checked where it belongs.
        if (kind === undefined && folder === 'docs/examples') continue;
        const { schema } = validators[kind as keyof typeof validators]!;
        expect(new Ajv({ strict: false }).compile(schema)(parse(text)), name).toBe(true);
        found += 1;
      }
    }
    expect(found).toBeGreaterThanOrEqual(4);
  });

  it('refuse in an editor what drillbook refuses', () => {
    const validate = new Ajv({ strict: false }).compile(runbook!.schema);
    for (const parts of [
      { top: ['colour: red'] },
      { restore: ['needs: x'] },
      { checks: ['{ of: orders, kind: structure }'] },
      { top: ["sandbox: { account: '222222222222' }"] },
    ]) {
      expect(validate(parse(written(parts)))).toBe(false);
    }
    for (const parts of [
      { account: '222222222222' },
      { sandbox: ['isolation: { minimum: L2 }'] },
      { restore: ['superuser: x'] },
      { source: 'arn:aws:s3:::orders' },
    ]) {
      expect(validate(parse(writtenOnAws(parts)))).toBe(false);
    }
    expect(validate(parse(writtenOnAws({})))).toBe(true);
  });
});
