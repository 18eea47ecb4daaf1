-- Months of the books, and their roll-forward.

create table public.book_months (
    month          date        not null,
    timezone       text        not null,
    after_id       bigint      not null,
    last_id        bigint      not null,
    after_money_id bigint      not null,
    last_money_id  bigint      not null,
    sealed_by      text        not null,
    sealed_at      timestamptz not null default clock_timestamp(),
    constraint book_months_pkey primary key (month),
    constraint book_months_begin_on_the_first check (extract(day from month) = 1)
);

comment on table public.book_months is
    'The months that were sealed (public.seal_month), without a gap between them. Append only.';
comment on column public.book_months.month is 'The first day of the month.';
comment on column public.book_months.timezone is 'BOOKS_TIMEZONE. The first seal fixes it.';
comment on column public.book_months.after_id is 'The last row of credit_transactions before the month: where the month before ended.';
comment on column public.book_months.last_id is 'The month''s last row of credit_transactions. Every later id belongs to a later month, whatever its time.';
comment on column public.book_months.last_money_id is 'The month''s last row of book_money, likewise.';

alter table public.book_months enable row level security;
revoke all on public.book_months from public, anon, authenticated, service_role;
grant select on public.book_months to service_role;

create trigger book_months_only_grow
    before update or delete or truncate on public.book_months
    for each statement execute function purse.forbid_book_change();
alter table public.book_months enable always trigger book_months_only_grow;

create table public.book_figures (
    month       date    not null,
    unit        text    not null,
    test_mode   boolean not null,
    opening     bigint  not null,
    sold        bigint  not null,
    granted     bigint  not null,
    used        bigint  not null,
    expired     bigint  not null,
    refunded    bigint  not null,
    corrected   bigint  not null,
    moved       bigint  not null,
    written_off bigint  not null,
    repriced    bigint  not null,
    closing     bigint  not null,
    deferred    bigint,
    receivable  bigint,
    constraint book_figures_pkey primary key (month, unit, test_mode),
    constraint book_figures_month_fkey foreign key (month) references public.book_months (month),
    constraint book_figures_add_up check (
        closing = opening + sold + granted + used + expired + refunded + corrected + moved + written_off + repriced
    ),
    constraint book_figures_split_up check (closing = deferred - receivable)
);

comment on table public.book_figures is
    'The roll-forward of each sealed month: signed figures that add up from opening to closing. One row in credits, and one for each currency. Append only.';
comment on column public.book_figures.unit is 'credits, or a currency. Money is in minor units.';
comment on column public.book_figures.test_mode is 'Whether the money is of Stripe''s test mode. A test ledger that went live has both. False for credits.';
comment on column public.book_figures.expired is 'Expired or given up with an account, less what a refund took instead: breakage.';
comment on column public.book_figures.refunded is 'Taken back by refunds and disputes, less what was returned because a refund failed or a dispute was won.';
comment on column public.book_figures.written_off is 'Debts that were cancelled with an account: bad debt.';
comment on column public.book_figures.repriced is 'Always 0 in credits. In money: differences of price and of rounding, where credits of one purchase paid for those of another.';
comment on column public.book_figures.deferred is 'In money: what the credits left at the end were bought for. Null for credits.';
comment on column public.book_figures.receivable is 'In money: what the credits owed at the end were bought for. closing is deferred - receivable. Null for credits.';

alter table public.book_figures enable row level security;
revoke all on public.book_figures from public, anon, authenticated, service_role;
grant select on public.book_figures to service_role;

create trigger book_figures_only_grow
    before update or delete or truncate on public.book_figures
    for each statement execute function purse.forbid_book_change();
alter table public.book_figures enable always trigger book_figures_only_grow;

create function purse.book_values()
    returns table (
        unit       text,
        test_mode  boolean,
        deferred   bigint,
        receivable bigint,
        closing    bigint
    )
    language sql
    stable
    rows 10
    set search_path = ''
as $$
    select 'credits', false, null::bigint, null::bigint, coalesce(sum(u.balance), 0)::bigint
    from public.user_credits u
    union all
    select v.currency, not v.livemode, sum(v.deferred)::bigint, sum(v.receivable)::bigint,
        (sum(v.deferred) - sum(v.receivable))::bigint
    from (
        select c.currency, c.livemode,
            div(c.amount::numeric * greatest(l.remaining, 0), c.credits) as deferred,
            div(c.amount::numeric * greatest(-l.remaining, 0), c.credits) as receivable
        from public.credit_lots l
        join public.credit_lot_costs c on c.lot_id = l.id
    ) v
    group by v.currency, v.livemode
$$;

comment on function purse.book_values() is
'What all balances and lots are worth now: in credits, and in money by currency as in purse.book_entries.';
revoke all on function purse.book_values() from public, anon, authenticated, service_role;

create function purse.roll_forward(
    p_after bigint,
    p_to    bigint
)
    returns setof public.book_figures
    language sql
    stable
    rows 10
    set search_path = ''
as $$
    with sealed as (
        select b.month from public.book_months b where b.last_id = p_after order by b.month desc limit 1
    ),
    since as (
        -- Without a seal to begin with: what there is now, less what has happened since.
        select m.* from purse.book_sums(p_after, 9223372036854775807) m where not exists (select from sealed)
    ),
    openings as (
        select f.unit, f.test_mode, f.closing as opening, f.deferred, f.receivable
        from public.book_figures f
        join sealed s on s.month = f.month
        union all
        select v.unit, v.test_mode,
            v.closing - coalesce(sum(m.value) filter (where m.book_column not in ('deferred', 'receivable')), 0)::bigint,
            v.deferred - coalesce(sum(m.value) filter (where m.book_column = 'deferred'), 0)::bigint,
            v.receivable - coalesce(sum(m.value) filter (where m.book_column = 'receivable'), 0)::bigint
        from purse.book_values() v
        left join since m on m.unit = v.unit and m.test_mode = v.test_mode
        where not exists (select from sealed)
        group by v.unit, v.test_mode, v.closing, v.deferred, v.receivable
    ),
    movements as (
        select m.unit, m.test_mode,
            coalesce(sum(m.value) filter (where m.book_column not in ('deferred', 'receivable')), 0)::bigint as total,
            coalesce(sum(m.value) filter (where m.book_column = 'sold'), 0)::bigint as sold,
            coalesce(sum(m.value) filter (where m.book_column = 'granted'), 0)::bigint as granted,
            coalesce(sum(m.value) filter (where m.book_column = 'used'), 0)::bigint as used,
            coalesce(sum(m.value) filter (where m.book_column = 'expired'), 0)::bigint as expired,
            coalesce(sum(m.value) filter (where m.book_column = 'refunded'), 0)::bigint as refunded,
            coalesce(sum(m.value) filter (where m.book_column = 'corrected'), 0)::bigint as corrected,
            coalesce(sum(m.value) filter (where m.book_column = 'moved'), 0)::bigint as moved,
            coalesce(sum(m.value) filter (where m.book_column = 'written_off'), 0)::bigint as written_off,
            coalesce(sum(m.value) filter (where m.book_column = 'repriced'), 0)::bigint as repriced,
            coalesce(sum(m.value) filter (where m.book_column = 'deferred'), 0)::bigint as deferred,
            coalesce(sum(m.value) filter (where m.book_column = 'receivable'), 0)::bigint as receivable
        from purse.book_sums(p_after, p_to) m
        group by m.unit, m.test_mode
    )
    select null::date, unit, test_mode, coalesce(o.opening, 0), coalesce(m.sold, 0), coalesce(m.granted, 0),
        coalesce(m.used, 0), coalesce(m.expired, 0), coalesce(m.refunded, 0), coalesce(m.corrected, 0),
        coalesce(m.moved, 0), coalesce(m.written_off, 0), coalesce(m.repriced, 0),
        coalesce(o.opening, 0) + coalesce(m.total, 0),
        case when unit <> 'credits' then coalesce(o.deferred, 0) + coalesce(m.deferred, 0) end,
        case when unit <> 'credits' then coalesce(o.receivable, 0) + coalesce(m.receivable, 0) end
    from openings o
    full join movements m using (unit, test_mode)
    order by unit <> 'credits', unit, test_mode
$$;

comment on function purse.roll_forward(bigint, bigint) is
'The roll-forward of the ledger rows with ids in (p_after, p_to], computed from them, without a month. It opens with what
was sealed up to p_after, or else with what there was then.';
revoke all on function purse.roll_forward(bigint, bigint) from public, anon, authenticated, service_role;
