import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { reportSchema } from '../report/report-schema.ts';
import { type PublishedSchema, publishedSchemas } from '../runbook/published-schemas.ts';
import type { CommandIo } from './io.ts';

export interface SchemaOptions {
  /** Compare the files below `schema/` with their source. */
  readonly check?: boolean;
  /** Write the files below `schema/`. */
  readonly write?: boolean;
  /** `runbook` (the default) or another schema's name: print it. */
  readonly which?: string;
}

type Output = Pick<CommandIo, 'stdout' | 'stderr' | 'cwd'>;

const FOLDER = 'schema';

/** Prints, writes or compares the published JSON Schemas. Exit code 1: a file differs; 2: no schema of that name. */
export async function schemaCommand(options: SchemaOptions, io: Output): Promise<number> {
  const schemas = [...publishedSchemas(), { file: 'report.schema.json', schema: reportSchema }];
  if (options.write) return writeAll(schemas, io);
  if (options.check) return compareAll(schemas, io);
  const which = options.which ?? 'runbook';
  const schema = schemas.find(({ file }) => file === `${which}.schema.json`);
  if (schema) {
    io.stdout(textOf(schema));
    return 0;
  }
  const known = schemas.map(({ file }) => `'${file.replace('.schema.json', '')}'`).join(', ');
  io.stderr(`no schema is called '${which}'\nhint: Known are ${known}.\n`);
  return 2;
}

async function writeAll(schemas: readonly PublishedSchema[], io: Output): Promise<number> {
  await mkdir(join(io.cwd, FOLDER), { recursive: true });
  for (const schema of schemas) await writeFile(join(io.cwd, FOLDER, schema.file), textOf(schema));
  io.stderr(`wrote ${schemas.map(({ file }) => join(FOLDER, file)).join(', ')}\n`);
  return 0;
}

async function compareAll(schemas: readonly PublishedSchema[], io: Output): Promise<number> {
  const differing: string[] = [];
  for (const schema of schemas) {
    const path = join(FOLDER, schema.file);
    if ((await textOrNothing(join(io.cwd, path))) !== textOf(schema)) differing.push(path);
  }
  if (differing.length === 0) return 0;
  io.stderr(
    `${differing.join(', ')}: not what the source says\nhint: Run 'drillbook schema --write' and commit the result.\n`,
  );
  return 1;
}

function textOf({ schema }: PublishedSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

async function textOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
