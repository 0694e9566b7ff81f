import type { Client } from 'pg';

/** Name of the sample's database. */
export const SHOP_DATABASE = 'bookshop';

/** Tables of the shop, parents first. */
const SHOP_TABLES = ['customers', 'orders', 'order_lines', 'payments'] as const;

/** What one stretch of trade adds. Lines and payments follow from the orders: five lines for two orders, one payment each. */
export interface Trade {
  readonly customers: number;
  readonly orders: number;
}

// Orders are wide (over 300 bytes), so that PostgreSQL counts them by their index alone: only then does `count(*)`
// overlook a page that was lost.
const TABLES = `
  create table customers (
    id bigint generated always as identity,
    name text not null,
    email text not null,
    city text not null,
    joined_at timestamptz not null
  );
  create table orders (
    id bigint generated always as identity,
    customer_id bigint not null,
    placed_at timestamptz not null,
    status text not null check (status in ('placed', 'packed', 'sent', 'delivered')),
    note text not null
  );
  create table order_lines (
    order_id bigint not null,
    line smallint not null,
    title text not null,
    quantity integer not null check (quantity > 0),
    unit_price_cents integer not null check (unit_price_cents > 0)
  );
  create table payments (
    id bigint generated always as identity,
    order_id bigint not null,
    paid_at timestamptz not null,
    method text not null,
    amount_cents bigint not null
  );`;

const KEYS = `
  alter table customers add primary key (id), add unique (email);
  alter table orders add primary key (id);
  alter table order_lines add primary key (order_id, line);
  alter table payments add primary key (id), add unique (order_id);
  alter table orders add foreign key (customer_id) references customers;
  alter table order_lines add foreign key (order_id) references orders;
  alter table payments add foreign key (order_id) references orders;
  create index orders_customer_id on orders (customer_id);
  create index orders_placed_at on orders (placed_at);`;

const ADD_CUSTOMERS = `
  insert into customers (name, email, city, joined_at)
  select format('Customer %s', n), format('customer-%s@bookshop.example', n),
         (array['Arnhem', 'Bergen', 'Coimbra', 'Dunedin', 'Esbjerg', 'Fukuoka'])[1 + n % 6], now()
  from (select coalesce(max(id), 0) as last from customers), generate_series(last + 1, last + $1::int) as n`;

// Spread evenly over the time since the last order, so that the newest one was placed now.
const ADD_ORDERS = `
  insert into orders (customer_id, placed_at, status, note)
  select 1 + n * 7919 % (select count(*) from customers), since + (now() - since) * (n - last) / $1::int,
         (array['placed', 'packed', 'sent', 'delivered'])[1 + n % 4],
         rpad(format('Order %s: ', n), 280, 'leave with the neighbour if nobody answers; wrap as a gift; ')
  from (select coalesce(max(id), 0) as last, coalesce(max(placed_at), now() - interval '30 days') as since from orders),
       generate_series(last + 1, last + $1::int) as n`;

const ADD_LINES = `
  insert into order_lines
  select id, line, format('Book %s', 1 + (id * 31 + line * 17) % 4000), 1 + (id + line) % 3, 500 + (id * line * 37) % 4000
  from orders, generate_series(1, 1 + id % 4) as line
  where id > (select coalesce(max(order_id), 0) from order_lines)`;

const ADD_PAYMENTS = `
  insert into payments (order_id, paid_at, method, amount_cents)
  select o.id, o.placed_at, (array['card', 'transfer', 'voucher'])[1 + o.id % 3], sum(l.quantity * l.unit_price_cents)
  from orders o join order_lines l on l.order_id = o.id
  where o.id > (select coalesce(max(order_id), 0) from payments)
  group by o.id, o.placed_at order by o.id`;

/** Makes the shop's tables and does its first trade in an empty database. Only the times differ from run to run. */
export async function openShop(client: Client, trade: Trade): Promise<void> {
  await client.query(TABLES);
  await tradeOn(client, trade);
  // Keys after the rows: the checks of 100,000 references then are one join each.
  await client.query(KEYS);
  await settle(client);
}

/** Adds customers, orders, lines and payments; the newest order is placed at the moment of the call. */
export async function keepTrading(client: Client, trade: Trade): Promise<void> {
  await tradeOn(client, trade);
  await settle(client);
}

/** How many rows the shop holds, all tables together. */
export async function countRows(client: Client): Promise<number> {
  const counts = SHOP_TABLES.map((table) => `(select count(*) from ${table})`).join(' + ');
  const { rows } = await client.query<{ total: string }>(`select ${counts} as total`);
  return Number(rows[0]?.total);
}

async function tradeOn(client: Client, trade: Trade): Promise<void> {
  await client.query('begin');
  await client.query(ADD_CUSTOMERS, [trade.customers]);
  await client.query(ADD_ORDERS, [trade.orders]);
  await client.query(ADD_LINES);
  await client.query(ADD_PAYMENTS);
  await client.query('commit');
}

async function settle(client: Client): Promise<void> {
  await client.query(`vacuum (freeze, analyze) ${SHOP_TABLES.join(', ')}`);
}
