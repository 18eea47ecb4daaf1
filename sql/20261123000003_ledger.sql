-- The ledger. Every change of a balance is one row in credit_transactions, written in the same
-- statement as the balance and the lots it moves, and never touched again. At every moment a balance
-- is the sum of its transactions and the sum of its lots.

-- Rules about one value are domains: Postgres keeps those ready, while a table's check constraints are
-- read anew by every statement that writes to it, which half of a spend's time went into.
create domain public.credit_count as bigint
    constraint credit_count_is_not_negative check (value >= 0);
create domain public.credit_change as bigint
    constraint credit_change_is_not_zero check (value <> 0);
create domain public.credit_kind as text
    constraint credit_kind_is_known check (value in (
        'purchase', 'clawback', 'giveback', 'spend', 'reversal', 'bonus', 'correction', 'expiry', 'expiry_reversal'
    ));
create domain public.lot_source as text
    constraint lot_source_is_known check (value in ('purchase', 'bonus', 'correction'));
create domain public.idempotency_key as text
    -- Not as one pattern: {1,255} takes more time than all the rest of a spend.
    constraint idempotency_key_is_printable check (length(value) between 1 and 255 and value !~ '[^\x20-\x7e]');

create table public.user_credits (
    user_id       uuid                not null,
    balance       bigint              not null default 0,
    held          public.credit_count not null default 0,
    lapses_at     timestamptz,
    low_threshold public.credit_count,
    created_at    timestamptz         not null default now(),
    updated_at    timestamptz         not null default now(),
    constraint user_credits_pkey primary key (user_id)
)
-- Room in the page for the next version of a row: an update then touches no index.
with (fillfactor = 70);

comment on domain public.credit_count is 'Credits, not signed.';
comment on domain public.credit_change is 'Credits, signed: what a balance changed by.';
comment on domain public.credit_kind is 'What moved credits.';
comment on domain public.lot_source is 'Where a lot''s credits came from.';
comment on domain public.idempotency_key is 'A caller''s name for one request of theirs.';

comment on table public.user_credits is
    'One row a user: the row every movement locks. No foreign key to auth.users: deleting a user must not delete the ledger.';
comment on column public.user_credits.balance is 'Credits; equals the sum of the user''s transactions and of their lots at every moment. What lapsed since is written by the user''s next movement, by reading the balance through the API, or by the daily clean-up.';
comment on column public.user_credits.held is 'Credits of the balance set aside for work under way; what can be spent is balance - held.';
comment on column public.user_credits.lapses_at is 'When the next lot or hold lapses, or earlier; null if none ever does. Whoever moves credits after that moment first writes what lapsed.';
comment on column public.user_credits.low_threshold is 'Credits below which this user''s balance is called low. Null: the default of the deployment.';

create table public.credit_transactions (
    id              bigint               generated always as identity,
    user_id         uuid                 not null,
    kind            public.credit_kind   not null,
    amount          public.credit_change not null,
    balance_after   bigint               not null,
    lots            jsonb                not null,
    purchase_id     uuid,
    feature         text,
    quantity        integer,
    hold_id         uuid,
    reverses_id     bigint,
    actor           text,
    reason          text,
    idempotency_key public.idempotency_key,
    created_at      timestamptz          not null default clock_timestamp(),
    constraint credit_transactions_pkey primary key (id),
    constraint credit_transactions_user_id_fkey foreign key (user_id) references public.user_credits (user_id),
    constraint credit_transactions_purchase_id_fkey foreign key (purchase_id) references public.purchases (id),
    constraint credit_transactions_reverses_id_fkey foreign key (reverses_id) references public.credit_transactions (id)
);

create index credit_transactions_user_id_id_idx on public.credit_transactions (user_id, id desc);
create index credit_transactions_purchase_id_idx on public.credit_transactions (purchase_id) where purchase_id is not null;
create unique index credit_transactions_idempotency_key_key
    on public.credit_transactions (user_id, idempotency_key) where idempotency_key is not null;
create unique index credit_transactions_reverses_id_key
    on public.credit_transactions (reverses_id) where reverses_id is not null;
create unique index credit_transactions_hold_id_key
    on public.credit_transactions (hold_id) where hold_id is not null;

comment on table public.credit_transactions is
    'The ledger: append only, enforced below. Within a user, id, created_at and balance_after tell one story: ids are drawn while the user''s row is locked.';
comment on column public.credit_transactions.kind is 'purchase: credits bought. clawback: taken back because the money went back. giveback: returned because the money stayed after all (a refund that failed, a dispute that was won). spend: a feature was used. reversal: a spend was undone. bonus, correction: given, or corrected, by a person or by the app. expiry: lapsed. expiry_reversal: lapsed credits that a clawback of their purchase takes instead.';
comment on column public.credit_transactions.amount is 'Credits, signed: what the balance changed by.';
comment on column public.credit_transactions.balance_after is 'Credits: the balance once this row was written.';
comment on column public.credit_transactions.lots is 'Which lots it moved: {"lot id": signed credits}; they add up to the amount.';
comment on column public.credit_transactions.idempotency_key is 'The caller''s key, kept for good: with feature and quantity, or kind, amount and reason, the fingerprint of the request.';
comment on column public.credit_transactions.hold_id is 'The hold that this spend captured.';
comment on column public.credit_transactions.reverses_id is 'The spend that this reversal undid; each is undone once.';
comment on column public.credit_transactions.actor is 'Who gave, corrected or undid.';

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

create function public.refuse_half_an_entry()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    -- What is written most is looked at first: each expression is made ready anew in a transaction.
    if new.kind = 'spend' and new.amount < 0 and new.feature is not null and new.quantity is not null then
        return new;
    end if;
    if not (case new.kind
        when 'spend' then false
        when 'purchase' then new.amount > 0 and new.purchase_id is not null
        when 'clawback' then new.amount < 0 and new.purchase_id is not null
        when 'giveback' then new.amount > 0 and new.purchase_id is not null
        when 'reversal' then new.amount > 0 and new.reverses_id is not null and new.actor is not null and new.reason is not null
        when 'bonus' then new.amount > 0 and new.actor is not null and new.reason is not null
        when 'correction' then new.actor is not null and new.reason is not null
        when 'expiry' then new.amount < 0
        else new.amount > 0
    end) then
        raise exception using
            errcode = 'check_violation',
            message = 'a ledger row lacks what its kind consists of, or has the wrong sign';
    end if;
    return new;
end
$$;

comment on function public.refuse_half_an_entry() is 'Trigger: each kind of ledger row has its sign and what it is about.';
revoke all on function public.refuse_half_an_entry() from public, anon, authenticated, service_role;

create trigger credit_transactions_are_whole
    before insert on public.credit_transactions
    for each row execute function public.refuse_half_an_entry();
alter table public.credit_transactions enable always trigger credit_transactions_are_whole;

create table public.credit_lots (
    id          bigint              generated always as identity,
    user_id     uuid                not null,
    source      public.lot_source   not null,
    name        text                not null,
    purchase_id uuid,
    granted     public.credit_count not null,
    remaining   bigint              not null default 0,
    held        public.credit_count not null default 0,
    lapsed      public.credit_count not null default 0,
    expires_at  timestamptz,
    created_at  timestamptz         not null default clock_timestamp(),
    constraint credit_lots_pkey primary key (id),
    constraint credit_lots_user_id_fkey foreign key (user_id) references public.user_credits (user_id),
    constraint credit_lots_purchase_id_key unique (purchase_id)
)
with (fillfactor = 70);

create index credit_lots_user_id_expires_at_idx on public.credit_lots (user_id, expires_at, id);

comment on table public.credit_lots is
    'What a balance is made of: one row a purchase or grant. Spending takes from the lot that expires soonest, then from the oldest.';
comment on column public.credit_lots.name is 'For people: the package''s name, or the reason of the grant.';
-- A foreign key would lock the purchase whenever a transaction changes its lot twice, as a capture does: after
-- the user's row, where settlement takes the purchase first. The two would deadlock. Only settlement makes
-- such lots, the purchase's row in hand, and its ledger rows have the foreign key.
comment on column public.credit_lots.purchase_id is 'The order it was bought with; no foreign key, for the sake of the order of locks.';
comment on column public.credit_lots.granted is 'Credits bought or given.';
comment on column public.credit_lots.remaining is 'Credits left of it. Below zero is a debt: they were spent before the money went back, and the next credits pay it off.';
comment on column public.credit_lots.held is 'Credits of it that holds have set aside.';
comment on column public.credit_lots.lapsed is 'Credits of it that lapsed unspent.';
comment on column public.credit_lots.expires_at is 'When what is left lapses. Null: never.';

alter table public.user_credits enable row level security;
alter table public.credit_transactions enable row level security;
alter table public.credit_lots enable row level security;

revoke all on public.user_credits, public.credit_transactions, public.credit_lots from public, anon, authenticated, service_role;
grant select on public.user_credits, public.credit_transactions, public.credit_lots to authenticated, service_role;

create policy "a user reads their own balance" on public.user_credits
    for select to authenticated using (user_id = (select auth.uid()));
create policy "a user reads their own transactions" on public.credit_transactions
    for select to authenticated using (user_id = (select auth.uid()));
create policy "a user reads their own lots" on public.credit_lots
    for select to authenticated using (user_id = (select auth.uid()));

-- The burn order: of each lot what is free, and how much is free in the lots before it. To take n
-- credits is to take least(free, n - before) from every lot with before < n. A view, since the planner
-- looks through it.
create view public.spendable_lots with (security_invoker = true) as
    select l.user_id,
        l.id as lot_id,
        l.remaining - l.held as free,
        (sum(l.remaining - l.held) over (partition by l.user_id order by l.expires_at, l.id))::bigint
            - (l.remaining - l.held) as before
    from public.credit_lots l
    where l.remaining > l.held;

comment on view public.spendable_lots is 'What is free in a user''s lots, in the order in which it is spent: soonest to expire first, then oldest. Granted to nobody.';
revoke all on public.spendable_lots from public, anon, authenticated, service_role;

-- post_transaction(user, kind, signed credits, lots {id: signed credits}, …) -> the ledger row
-- Balance, lots and ledger row in one statement. The caller holds the user's row (lock_account), so no
-- other movement of this user can come between. For our own functions only.
create function public.post_transaction(
    p_user_id         uuid,
    p_kind            text,
    p_amount          bigint,
    p_lots            jsonb,
    p_purchase_id     uuid    default null,
    p_feature         text    default null,
    p_quantity        integer default null,
    p_hold_id         uuid    default null,
    p_reverses_id     bigint  default null,
    p_actor           text    default null,
    p_reason          text    default null,
    p_idempotency_key text    default null
)
    returns public.credit_transactions
    language plpgsql
    set search_path = ''
as $$
declare
    v_posted public.credit_transactions;
begin
    with lots as (
        update public.credit_lots l
        set remaining = l.remaining + e.value::bigint
        from pg_catalog.jsonb_each_text(p_lots) e
        -- By user as well: their lots are few, and the planner cannot know that the object is small.
        where l.user_id = p_user_id
            and l.id = e.key::bigint
        returning l.expires_at
    ),
    account as (
        update public.user_credits u
        set balance = u.balance + p_amount,
            lapses_at = least(u.lapses_at, (select min(l.expires_at) from lots l)),
            updated_at = clock_timestamp()
        where u.user_id = p_user_id
        returning u.balance
    )
    insert into public.credit_transactions (
        user_id, kind, amount, balance_after, lots, purchase_id, feature, quantity, hold_id, reverses_id,
        actor, reason, idempotency_key
    )
    select p_user_id, p_kind, p_amount, account.balance, p_lots, p_purchase_id, p_feature, p_quantity, p_hold_id,
        p_reverses_id, p_actor, p_reason, p_idempotency_key
    from account
    returning * into strict v_posted;
    return v_posted;
end
$$;

comment on function public.post_transaction(uuid, text, bigint, jsonb, uuid, text, integer, uuid, bigint, text, text, text) is
    'Moves credits: balance, lots and ledger row in one statement. Granted to nobody.';
revoke all on function public.post_transaction(uuid, text, bigint, jsonb, uuid, text, integer, uuid, bigint, text, text, text)
    from public, anon, authenticated, service_role;
