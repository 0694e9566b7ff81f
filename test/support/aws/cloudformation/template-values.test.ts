import { describe, expect, it } from 'vitest';
import { type Names, cidrBlocks, makingOrder, parseTemplate, resolveValue } from './template-values.ts';

const REFS: Readonly<Record<string, string>> = { Vpc: 'vpc-1', 'AWS::Region': 'eu-west-1' };
const ATTRIBUTES: Readonly<Record<string, string>> = {
  'Role.Arn': 'arn:aws:iam::1:role/r',
  'Vpc.Cidr.Block': '10.0.0.0/16',
};
const NAMES: Names = {
  ref: (name) => REFS[name],
  attribute: (id, name) => ATTRIBUTES[`${id}.${name}`],
  zones: ['eu-west-1a', 'eu-west-1b'],
};
const resolve = (value: Parameters<typeof resolveValue>[0]) => resolveValue(value, NAMES);

describe("the values of a template's intrinsic functions", () => {
  it('are what the names stand for, at any depth', () => {
    expect(resolve({ list: [{ Ref: 'Vpc' }, { inner: { 'Fn::GetAtt': ['Role', 'Arn'] } }], plain: true })).toEqual({
      list: ['vpc-1', { inner: 'arn:aws:iam::1:role/r' }],
      plain: true,
    });
    expect(resolve({ 'Fn::GetAtt': 'Vpc.Cidr.Block' })).toBe('10.0.0.0/16');
  });

  it('substitute names in a text, its own first, and leave what is escaped', () => {
    expect(resolve({ 'Fn::Sub': 'a ${Vpc} ${Role.Arn} ${!Vpc}' })).toBe('a vpc-1 arn:aws:iam::1:role/r ${Vpc}');
    expect(resolve({ 'Fn::Sub': ['${Vpc} ${Own}', { Vpc: 'mine', Own: { Ref: 'AWS::Region' } }] })).toBe(
      'mine eu-west-1',
    );
  });

  it('join, select and count zones', () => {
    expect(resolve({ 'Fn::Join': ['-', [{ Ref: 'Vpc' }, 'x']] })).toBe('vpc-1-x');
    expect(resolve({ 'Fn::Select': [1, { 'Fn::GetAZs': '' }] })).toBe('eu-west-1b');
    expect(() => resolve({ 'Fn::Select': [2, { 'Fn::GetAZs': '' }] })).toThrow('nonexistent value at index 2');
  });

  it('cut a block of addresses into smaller ones', () => {
    expect(cidrBlocks('10.213.0.0/24', 3, 7)).toEqual(['10.213.0.0/25', '10.213.0.128/25', '10.213.1.0/25']);
    expect(resolve({ 'Fn::Select': [1, { 'Fn::Cidr': ['10.213.0.0/24', 2, 5] }] })).toBe('10.213.0.32/27');
  });

  it('are refused for a name or a function that means nothing', () => {
    expect(() => resolve({ Ref: 'Nobody' })).toThrow('[Nobody]');
    expect(() => resolve({ 'Fn::Sub': '${Vpc.Nothing}' })).toThrow('Vpc.Nothing');
    expect(() => resolve({ 'Fn::ImportValue': 'x' })).toThrow("'Fn::ImportValue'");
  });
});

describe('the order in which a template is made', () => {
  const order = (resources: object) => makingOrder(parseTemplate(JSON.stringify({ Resources: resources })));

  it('puts everything after what it names or depends on', () => {
    const resources = {
      C: { Type: 'T', DependsOn: 'B' },
      B: { Type: 'T', Properties: { Text: { 'Fn::Sub': '${A}' } } },
      A: { Type: 'T' },
    };
    expect(order(resources)).toEqual(['A', 'B', 'C']);
  });

  it('does not exist where two name each other, or one names what is not there', () => {
    const cycle = {
      A: { Type: 'T', Properties: { Other: { Ref: 'B' } } },
      B: { Type: 'T', Properties: { Other: { 'Fn::GetAtt': ['A', 'Id'] } } },
    };
    expect(() => order(cycle)).toThrow('Circular dependency between resources: [A, B]');
    expect(() => order({ A: { Type: 'T', DependsOn: 'B' } })).toThrow('[B]');
    expect(() => order({ A: { Type: 'T', Properties: { Other: { Ref: 'B' } } } })).toThrow('[B]');
  });
});
