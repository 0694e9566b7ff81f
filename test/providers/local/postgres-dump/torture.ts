/** A schema of whatever dumps have stumbled over, small. Made in an empty database, by a superuser. */
export const TORTURE = String.raw`
alter role postgres set timezone = 'UTC'; create role shop_owner; create role "Weird ""Role"; create role reader;
create schema shop authorization shop_owner;
create schema "Odd ""Schema; --";
create extension pgcrypto with schema shop;
create extension hstore;
create type shop.mood as enum ('sad', 'o''k', 'h;ppy', 'slash\');
create type shop.span as range (subtype = float8);
create type shop.pair as (a int, "B c" text);
create domain shop.email as text check (value ~ '^[^@]+@[^@]+$') not null;
create sequence shop.ticket start 100 increment 7;

create function shop.dollars(a text) returns text language plpgsql immutable as $body$
begin
  -- a comment; with 'a quote
  if a = 'x;y' then return $in$;\.$in$; end if;
  return a || E'\\' || $q$'$q$;
end $body$;
create function shop.atomic(a int) returns int language sql begin atomic
  select case when a > 1 then a else case a when 0 then 1 else 2 end end;
  select a + 1;
end;
create procedure shop.proc(inout a int) language sql begin atomic select a * 2; end;
create function shop.touch() returns trigger language plpgsql as $$ begin new.note := coalesce(new.note, '') || '!'; return new; end $$;
create function shop.safe_lower(a text) returns text language sql immutable security definer return lower(a);
create aggregate shop.joined(text) (sfunc = textcat, stype = text, initcond = '');
create operator shop.=== (leftarg = text, rightarg = text, function = texteq);

create table shop.customers (
  id int generated always as identity primary key,
  email shop.email unique,
  "Name; ""x""" text default E'it''s \\ a\ttab;\n$$',
  mood shop.mood default 'sad',
  shout text generated always as (upper("Name; ""x""")) stored,
  boss int references shop.customers deferrable initially deferred,
  favourite int,
  note text,
  raw bytea,
  spent numeric(12, 2) check (spent >= 0),
  seen timestamptz,
  during shop.span,
  tags text[],
  attributes hstore,
  doc jsonb,
  pair shop.pair
);
create table shop.orders (id bigserial primary key, customer int not null references shop.customers, at date not null default '2026-01-01', amount int);
alter table shop.customers add foreign key (favourite) references shop.orders deferrable;
create index on shop.customers using gin (doc); create unique index lower_email on shop.customers (shop.safe_lower(email)) where mood <> 'o''k';
create table shop.events (at date not null, kind text, payload text) partition by range (at);
create table shop.events_2025 partition of shop.events for values from ('2025-01-01') to ('2026-01-01');
create table shop.events_rest partition of shop.events default;
create index on shop.events (kind);
create table "Odd ""Schema; --"."T able" ("c;1" text, "c""2" int);
create table shop.parent (a int); create table shop.child (b int) inherits (shop.parent);
create unlogged table shop.scratch (a int);
create table shop."copy" ("from" text, "stdin" text);

insert into shop.customers (email, "Name; ""x""", mood, note, raw, spent, seen, during, tags, attributes, doc, pair)
select 'c' || i || '@example.com', case i % 7 when 0 then null when 1 then E'\\.' when 2 then E'new\nline' when 3 then E'\\N' when 4 then E'tab\tand \\ back' when 5 then 'ünï — 漢字 🐘' else '' end,
  (array['sad', 'o''k', 'h;ppy', 'slash\'])[1 + i % 4]::shop.mood, repeat(md5(i::text), i % 50), decode(md5(i::text), 'hex') || '\x00ff0a5c2e0a'::bytea, i * 1.25,
  '2026-01-01 00:00+00'::timestamptz + i * interval '1 hour', shop.span(i, i + 1), array['a,b', '"q"', null, E'\\'], hstore('k;', i::text), jsonb_build_object('i', i, 's', E'\\.'), row(i, 'x,"')::shop.pair
from generate_series(1, 400) as i;
update shop.customers set boss = 1 + id % 5;
insert into shop.orders (customer, at, amount) select 1 + i % 400, '2026-01-01'::date + i % 30, i from generate_series(1, 1500) as i;
update shop.customers set favourite = id;
set constraints all immediate;
insert into shop.events select '2025-06-01'::date + i * 3, 'k' || i % 3, E'a\nb\\.\n\\.\n' || i from generate_series(1, 200) as i;
insert into "Odd ""Schema; --"."T able" values (E'\\.', 1), (E'\\.\n', 2), (E'x\n\\.', 3), ('', 4), (null, 5), (E'\r\n', 6);
insert into shop.parent values (1); insert into shop.child values (2, 3);
insert into shop."copy" values ('program', 'stdin');
select setval('shop.ticket', 170);

create view shop.happy as select id, email from shop.customers where mood <> 'sad' with check option;
create materialized view shop.totals as select customer, sum(amount) as total from shop.orders group by customer;
create unique index on shop.totals (customer);
create materialized view shop.totals_of_totals as select count(*) as n from shop.totals;
create rule no_delete as on delete to shop.orders do instead nothing;
create rule see_it as on update to shop.happy do also (select 1; select 2);
create trigger touch before update on shop.customers for each row when (old.note is distinct from new.note) execute function shop.touch();
alter table shop.orders disable trigger all;
alter table shop.customers enable row level security; create policy own on shop.customers for select to reader using (mood <> 'sad');
create statistics shop.stats (dependencies) on customer, at from shop.orders;
create publication pub for table shop.orders;
create function shop.watch() returns event_trigger language plpgsql as $$ begin raise exception 'watched'; end $$;
create event trigger watch on ddl_command_start when tag in ('DROP TABLE') execute function shop.watch();
comment on table shop.orders is E'it''s; a "comment" -- with \\. and $$';
comment on column shop.customers.email is 'sie; sie';
comment on extension hstore is 'mine';
comment on database torture is 'a; b';
alter default privileges for role shop_owner in schema shop grant select on tables to reader;
grant usage on schema shop to reader; grant select (id, email) on shop.customers to "Weird ""Role" with grant option;
revoke execute on function shop.dollars(text) from public;
alter table shop.customers owner to shop_owner; alter table shop.orders owner to "Weird ""Role"; alter materialized view shop.totals owner to shop_owner;
alter function shop.touch() owner to shop_owner;
grant select on shop.orders to shop_owner;
refresh materialized view shop.totals;
select lo_from_bytea(4242, decode(repeat('00ff5c', 5000), 'hex')); select lo_from_bytea(4243, '');
alter large object 4242 owner to shop_owner; grant select on large object 4242 to reader; comment on large object 4243 is 'empty; one';
`;

/** A line for each thing that a database holds: the same for a copy of it, whatever made it. */
export const CONTENT = `
select line from (
  select format('%s %s %s', oid::regclass, relkind, (xpath('/row/h/text()', query_to_xml(format(
    'select coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text || ''/'' || count(*) as h from only %s as t', oid::regclass), true, true, '')))[1]) as line
  from pg_class where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
  union all select format('owner %s %s %s', oid::regclass, relowner::regrole, relacl) from pg_class
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)' and relkind in ('r', 'p', 'v', 'm', 'S')
  union all select format('function %s %s', oid::regprocedure, pg_get_functiondef(oid)) from pg_proc
    where pronamespace::regnamespace::text !~ '^(pg_|information_schema)' and prokind <> 'a' and prolang in (14, (select oid from pg_language where lanname = 'plpgsql'))
  union all select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint where connamespace::regnamespace::text = 'shop'
  union all select format('index %s', pg_get_indexdef(indexrelid)) from pg_index where indexrelid::regclass::text ~ '^shop'
  union all select format('view %s %s', oid::regclass, pg_get_viewdef(oid)) from pg_class where relkind in ('v', 'm') and relnamespace::regnamespace::text = 'shop'
  union all select format('rule %s', pg_get_ruledef(oid)) from pg_rewrite where rulename in ('no_delete', 'see_it')
  union all select format('trigger %s %s', pg_get_triggerdef(oid), tgenabled) from pg_trigger where not tgisinternal
  union all select format('policy %s %s', polname, polroles::regrole[]) from pg_policy
  union all select format('sequence %s', last_value) from shop.ticket
  union all select format('comment %s', description) from pg_description where description ~ ';' or description = 'mine'
  union all select format('defaults %s', defaclacl) from pg_default_acl
  union all select format('large object %s %s %s', loid, sum(length(data)), md5(string_agg(data, ''::bytea order by pageno))) from pg_largeobject group by loid
  union all select format('large object %s owner %s %s', oid, lomowner::regrole, lomacl) from pg_largeobject_metadata where oid = 4242
  union all select format('publication %s', pubname) from pg_publication
  union all select format('event trigger %s', evtname) from pg_event_trigger
  union all select format('enum %s %s', enumtypid::regtype, string_agg(enumlabel, '|' order by enumsortorder)) from pg_enum group by enumtypid
) as lines order by line collate "C"`;
