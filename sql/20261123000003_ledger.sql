-- The ledger. Every change of a balance is one row in credit_transactions, written in the same
-- statement as the balance itself, and never touched again.

create table public.user_credits (
    user_id    uuid        not null,
    balance    bigint      not null default 0,
    held       bigint      not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint user_credits_pkey primary key (user_id),
    constraint user_credits_held_is_not_negative check (held >= 0)
);

comment on table public.user_credits is
    'One row a user: the row every movement locks. No foreign key to auth.users: deleting a user must not delete the ledger.';
comment on column public.user_credits.balance is 'Credits; equals the sum of the user''s transactions at every moment.';
comment on column public.user_credits.held is 'Credits of the balance set aside for work under way; what can be spent is balance - held.';

create table public.credit_transactions (
    id            bigint      generated always as identity,
    user_id       uuid        not null,
    kind          text        not null,
    amount        bigint      not null,
    balance_after bigint      not null,
    purchase_id   uuid,
    created_at    timestamptz not null default clock_timestamp(),
    constraint credit_transactions_pkey primary key (id),
    constraint credit_transactions_user_id_fkey foreign key (user_id) references public.user_credits (user_id),
    constraint credit_transactions_purchase_id_fkey foreign key (purchase_id) references public.purchases (id),
    constraint credit_transactions_kind_is_known check (kind in ('purchase', 'clawback')),
    constraint credit_transactions_amount_is_not_zero check (amount <> 0),
    constraint credit_transactions_settlement_names_its_purchase
        check (kind not in ('purchase', 'clawback') or purchase_id is not null)
);

create index credit_transactions_user_id_id_idx on public.credit_transactions (user_id, id desc);
create index credit_transactions_purchase_id_idx on public.credit_transactions (purchase_id) where purchase_id is not null;

comment on table public.credit_transactions is
    'The ledger: append only, enforced below. Within a user, id, created_at and balance_after tell one story: ids are drawn while the user''s row is locked.';
comment on column public.credit_transactions.kind is 'purchase: credits bought. clawback: taken back because the money went back.';
comment on column public.credit_transactions.amount is 'Credits, signed: what the balance changed by.';
comment on column public.credit_transactions.balance_after is 'Credits: the balance once this row was written.';

create function public.refuse_ledger_change()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using
        errcode = 'restrict_violation',
        message = 'credit_transactions only grows: correct a mistake with a new row';
end
$$;

comment on function public.refuse_ledger_change() is 'Trigger: the ledger is never updated, deleted or truncated, whoever asks.';
revoke all on function public.refuse_ledger_change() from public, anon, authenticated, service_role;

create trigger credit_transactions_only_grow
    before update or delete or truncate on public.credit_transactions
    for each statement execute function public.refuse_ledger_change();
-- Also for a session that plays the part of a replica, which skips ordinary triggers.
alter table public.credit_transactions enable always trigger credit_transactions_only_grow;

alter table public.user_credits enable row level security;
alter table public.credit_transactions enable row level security;

revoke all on public.user_credits, public.credit_transactions from public, anon, authenticated, service_role;
grant select on public.user_credits, public.credit_transactions to authenticated, service_role;

create policy "a user reads their own balance" on public.user_credits
    for select to authenticated using (user_id = (select auth.uid()));
create policy "a user reads their own transactions" on public.credit_transactions
    for select to authenticated using (user_id = (select auth.uid()));

-- post_transaction(user, kind, signed credits, purchase) -> the new balance
-- Balance and ledger row in one statement: the upsert locks the user's row, and the row it returns
-- feeds the ledger, so no other movement of this user can come between. For our own functions only.
create function public.post_transaction(
    p_user_id     uuid,
    p_kind        text,
    p_amount      bigint,
    p_purchase_id uuid
)
    returns bigint
    language sql
    set search_path = ''
as $$
    with account as (
        insert into public.user_credits as u (user_id, balance)
        values (p_user_id, p_amount)
        on conflict (user_id) do update
            set balance = u.balance + excluded.balance,
                updated_at = clock_timestamp()
        returning u.balance
    )
    insert into public.credit_transactions (user_id, kind, amount, balance_after, purchase_id)
    select p_user_id, p_kind, p_amount, account.balance, p_purchase_id
    from account
    returning balance_after
$$;

comment on function public.post_transaction(uuid, text, bigint, uuid) is
    'The one place that moves credits: balance and ledger row in one statement. Granted to nobody.';
revoke all on function public.post_transaction(uuid, text, bigint, uuid) from public, anon, authenticated, service_role;

-- read_credits(user, page size, cursor or null, checkout session or null)
--   -> {balance, held, available, low, transactions: [{id, kind, amount, balance_after, description, created_at}],
--       next_cursor: id or null, purchase: {status, package_type, package_name, credits, credited, amount, currency, created_at} or null}
-- low: not enough for the dearest feature. Newest first; a page ends where the next one's cursor says. Ids are text: they may outgrow a double.
create function public.read_credits(
    p_user_id             uuid,
    p_limit               integer,
    p_cursor              bigint default null,
    p_checkout_session_id text default null
)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with page as (
        select t.id, t.kind, t.amount, t.balance_after, t.created_at, p.package_name as description
        from public.credit_transactions t
        left join public.purchases p on p.id = t.purchase_id
        where t.user_id = p_user_id
            and (p_cursor is null or t.id < p_cursor)
        order by t.id desc
        limit p_limit + 1
    ),
    shown as (
        select * from page order by id desc limit p_limit
    )
    select jsonb_build_object(
        'balance', coalesce(u.balance, 0),
        'held', coalesce(u.held, 0),
        'available', coalesce(u.balance - u.held, 0),
        'low', coalesce(u.balance - u.held, 0) < (
            select coalesce(max(f.credits), 0) from public.credit_features f where f.active
        ),
        'transactions', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', s.id::text,
                'kind', s.kind,
                'amount', s.amount,
                'balance_after', s.balance_after,
                'description', s.description,
                'created_at', s.created_at
            ) order by s.id desc), '[]'::jsonb)
            from shown s
        ),
        'next_cursor', (
            select min(s.id)::text from shown s where (select count(*) from page) > p_limit
        ),
        'purchase', (
            select jsonb_build_object(
                'status', o.status,
                'package_type', o.package_id,
                'package_name', o.package_name,
                'credits', o.credits,
                'credited', o.credits_posted,
                'amount', coalesce(o.amount_paid, o.unit_amount),
                'currency', o.currency,
                'created_at', o.created_at
            )
            from public.purchases o
            where o.checkout_session_id = p_checkout_session_id
                and o.user_id = p_user_id
        )
    )
    from (values (p_user_id)) as asked (user_id)
    left join public.user_credits u on u.user_id = asked.user_id
$$;

comment on function public.read_credits(uuid, integer, bigint, text) is
    'A user''s balance, a page of history and, if asked, what became of one checkout session of theirs.';
revoke all on function public.read_credits(uuid, integer, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.read_credits(uuid, integer, bigint, text) to service_role;
