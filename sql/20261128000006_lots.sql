-- Lots: what a balance is made of. Each purchase or grant is one lot, with its own expiry. Functions write to
-- credit_lot_rows; everybody reads credit_lots.

create table public.credit_lot_rows (
    id          bigint              generated always as identity,
    user_id     uuid                not null,
    source      public.lot_source   not null,
    name        text                not null,
    purchase_id uuid,
    granted     public.credit_count not null,
    remaining   bigint              not null default 0,
    held        public.credit_count not null default 0,
    lapsed      public.credit_count not null default 0,
    forfeited   public.credit_count not null default 0,
    forgiven    public.credit_count not null default 0,
    forgiven_to bigint,
    expires_at  timestamptz,
    created_at  timestamptz         not null default clock_timestamp(),
    constraint credit_lot_rows_pkey primary key (id),
    constraint credit_lot_rows_user_id_fkey foreign key (user_id) references public.user_credits (user_id),
    constraint credit_lot_rows_purchase_id_key unique (purchase_id)
)
with (fillfactor = 70);

create index credit_lot_rows_user_id_expires_at_idx on public.credit_lot_rows (user_id, expires_at, id);
create index credit_lot_rows_expires_at_idx on public.credit_lot_rows (expires_at, id) where expires_at is not null;

comment on table public.credit_lot_rows is
    'The rows behind the view credit_lots: read that. Of the lot that a user''s next spend takes from, remaining lacks the latest spends (user_credits.next_lot_free).';
comment on column public.credit_lot_rows.name is 'For people: the pack''s name, or the reason of the grant.';
-- A foreign key would lock the purchase when a transaction updates its lot twice, as a capture does.
-- A capture would then lock user, then purchase; settlement locks purchase, then user. They would
-- deadlock. Only settlement creates such lots, while it holds the purchase's row.
comment on column public.credit_lot_rows.purchase_id is 'The order that bought it. No foreign key, because it would lock purchases in the wrong order.';
comment on column public.credit_lot_rows.granted is 'Credits bought or given.';
comment on column public.credit_lot_rows.remaining is 'Credits left when the row was written. Below zero is a debt: the credits were spent before the money went back. The next credits pay it off.';
comment on column public.credit_lot_rows.held is 'Credits of it that holds have set aside.';
comment on column public.credit_lot_rows.lapsed is 'Credits of it that expired unspent.';
comment on column public.credit_lot_rows.forfeited is 'Credits of it that were given up when the account was deleted. A later refund of its purchase takes them first.';
-- Here and not in purchases, because it changes when credits come back. That happens under the lock of
-- the user's row, and a purchase's row must be locked before it.
comment on column public.credit_lot_rows.forgiven is 'Credits that a refund of its purchase should have taken but could not, under CLAWBACK_POLICY=clamp. Whatever comes back to this lot or an older one pays for them first (purse.collect_forgiven).';
comment on column public.credit_lot_rows.forgiven_to is 'The user''s newest lot when credits were last forgiven. Credits of newer lots do not pay for them.';
comment on column public.credit_lot_rows.expires_at is 'When the remaining credits expire. Null: never.';

alter table public.credit_lot_rows enable row level security;
revoke all on public.credit_lot_rows from public, anon, authenticated, service_role;
grant select on public.credit_lot_rows to authenticated, service_role;

create policy "a user reads their own lots" on public.credit_lot_rows
    for select to authenticated using (user_id = (select auth.uid()) and (select public.account_is_open()));

create view public.credit_lots with (security_invoker = true) as
    select l.id,
        l.user_id,
        l.source,
        l.name,
        l.purchase_id,
        l.granted,
        case when l.id = u.next_lot_id and u.next_lot_free is not null then l.held + u.next_lot_free else l.remaining end as remaining,
        l.held,
        l.lapsed,
        l.forfeited,
        l.forgiven,
        l.forgiven_to,
        l.expires_at,
        l.created_at
    from public.credit_lot_rows l
    left join public.user_credits u on u.user_id = l.user_id;

comment on view public.credit_lots is
    'What a balance is made of: one row per purchase or grant. Spending takes from the lot that expires soonest, then from the oldest.';
comment on column public.credit_lots.remaining is 'Credits left. Below zero is a debt: the credits were spent before the money went back. The next credits pay it off.';
revoke all on public.credit_lots from public, anon, authenticated, service_role;
grant select on public.credit_lots to authenticated, service_role;

-- A view and not a function, because the planner expands a view into the query.
create view purse.spendable_lots with (security_invoker = true) as
    select l.user_id,
        l.id as lot_id,
        l.remaining - l.held as free,
        (sum(l.remaining - l.held) over (partition by l.user_id order by l.expires_at, l.id))::bigint
            - (l.remaining - l.held) as before
    from public.credit_lots l
    where l.remaining > l.held;

comment on view purse.spendable_lots is
'The free credits of a user''s lots in the order in which they are spent: soonest to expire first, then oldest.
free is what can be taken from the lot, before is what is free in the lots ahead of it. To take n credits,
take least(free, n - before) from every lot with before < n.';
revoke all on purse.spendable_lots from public, anon, authenticated, service_role;

create function purse.note_next_lot(p_user_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    update public.user_credits u
    set next_lot_id = n.id,
        next_lot_free = n.free
    from (
        select l.id, l.remaining - l.held as free
        from public.credit_lot_rows l
        where l.user_id = p_user_id
            and l.remaining > l.held
        order by l.expires_at, l.id
        limit 1
    ) n
    where u.user_id = p_user_id
        and u.next_lot_free is null;
end
$$;

comment on function purse.note_next_lot(uuid) is
'Lets the next spends take from the user''s row what is free in their next lot (user_credits.next_lot_free). Nothing that
changes lots may follow in the transaction. The caller holds the user''s row.';
revoke all on function purse.note_next_lot(uuid) from public, anon, authenticated, service_role;

create function purse.write_next_lot(p_account public.user_credits)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
declare
    v_account public.user_credits;
begin
    update public.credit_lot_rows l
    set remaining = l.held + p_account.next_lot_free
    where l.id = p_account.next_lot_id;
    update public.user_credits u
    set next_lot_free = null
    where u.user_id = p_account.user_id
    returning * into v_account;
    return v_account;
end
$$;

comment on function purse.write_next_lot(public.user_credits) is
'Writes into the lot''s row what spends have left in it, so that every row of credit_lot_rows is right. Returns the
account. The caller holds the user''s row and has read it since.';
revoke all on function purse.write_next_lot(public.user_credits) from public, anon, authenticated, service_role;
