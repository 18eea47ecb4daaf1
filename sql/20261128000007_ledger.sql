-- The ledger. Every change of a balance is one row in credit_transactions. The row, the balance and
-- the lots change in one transaction, and the row never changes again. A balance is always the sum of
-- its transactions and the sum of its lots.

create table public.credit_transactions (
    id              bigint               generated always as identity,
    user_id         uuid                 not null,
    kind            text                 not null,
    amount          bigint               not null,
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
    -- No foreign keys for user_id and reverses_id: a function writes a row only after it changed the user's row or read
    -- the reversed one, and triggers keep both for good. The keys would take a tenth of a spend.
    constraint credit_transactions_pkey primary key (id),
    constraint credit_transactions_purchase_id_fkey foreign key (purchase_id) references public.purchases (id)
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
    'The ledger. Append only: triggers refuse everything else. For one user, id, created_at and balance_after have the same order, because ids are drawn while the user''s row is locked.';
comment on column public.credit_transactions.kind is 'purchase: credits bought. clawback: taken back because the money went back. giveback: returned because the money stayed after all (a refund failed, a dispute was won). spend: a feature was used. reversal: a spend was undone. bonus, correction: given or corrected by a person or by the app. expiry: expired. expiry_reversal: expired credits that a clawback of their purchase takes instead. move_out, move_in: a purse moved to another account. forfeit: given up when the account was deleted. forfeit_reversal: given-up credits that a clawback of their purchase takes instead. write_off: a debt that was cancelled when the account was deleted.';
comment on column public.credit_transactions.amount is 'Credits, signed: the change of the balance.';
comment on column public.credit_transactions.balance_after is 'Credits: the balance after this row.';
comment on column public.credit_transactions.lots is 'The lots it changed: {"lot id": signed credits}. They add up to the amount. Read them through the view credit_entries.';
comment on column public.credit_transactions.idempotency_key is 'The caller''s key, kept for good. Together with feature and quantity, or kind, amount and reason, it identifies the request.';
comment on column public.credit_transactions.hold_id is 'The hold that this spend captured.';
comment on column public.credit_transactions.reverses_id is 'The spend that this reversal undid. Each spend is undone at most once.';
comment on column public.credit_transactions.actor is 'The person or process that gave, corrected, undid, moved or deleted.';

alter table public.credit_transactions enable row level security;
revoke all on public.credit_transactions from public, anon, authenticated, service_role;
grant select on public.credit_transactions to authenticated, service_role;

create policy "a user reads their own transactions" on public.credit_transactions
    for select to authenticated using (user_id = (select auth.uid()) and (select public.account_is_open()));

create function purse.forbid_ledger_change()
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

comment on function purse.forbid_ledger_change() is
'Trigger: refuses every update, delete and truncate of the ledger, whoever asks.';
revoke all on function purse.forbid_ledger_change() from public, anon, authenticated, service_role;

create trigger credit_transactions_only_grow
    before update or delete or truncate on public.credit_transactions
    for each statement execute function purse.forbid_ledger_change();
-- Always: a session in replica mode skips ordinary triggers.
alter table public.credit_transactions enable always trigger credit_transactions_only_grow;

create function purse.require_complete_entry()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    -- Fast path for spends: plpgsql prepares each expression once per transaction.
    if (
        new.kind = 'spend'
        and new.amount between -9007199254740991 and -1
        and new.balance_after between -9007199254740991 and 9007199254740991
        and new.feature is not null
        and new.quantity is not null
    ) then
        return new;
    end if;
    if not (
        new.amount between -9007199254740991 and 9007199254740991
        and new.balance_after between -9007199254740991 and 9007199254740991
    ) then
        raise exception using
            errcode = 'check_violation',
            message = 'credits go up to 2^53 - 1, as exact integers of JavaScript do';
    end if;
    if not (case new.kind
        when 'spend' then false
        when 'purchase' then new.amount > 0 and new.purchase_id is not null
        when 'clawback' then new.amount < 0 and new.purchase_id is not null
        when 'giveback' then new.amount > 0 and new.purchase_id is not null
        when 'reversal' then new.amount > 0 and new.reverses_id is not null and new.actor is not null and new.reason is not null
        when 'bonus' then new.amount > 0 and new.actor is not null and new.reason is not null
        when 'correction' then new.amount <> 0 and new.actor is not null and new.reason is not null
        when 'expiry' then new.amount < 0
        when 'expiry_reversal' then new.amount > 0
        when 'move_out' then new.amount <> 0 and new.actor is not null and new.reason is not null
        when 'move_in' then new.amount <> 0 and new.actor is not null and new.reason is not null
        when 'forfeit' then new.amount < 0 and new.actor is not null and new.reason is not null
        when 'forfeit_reversal' then new.amount > 0
        when 'write_off' then new.amount > 0 and new.actor is not null and new.reason is not null
        else false
    end) then
        raise exception using
            errcode = 'check_violation',
            message = 'ledger row has the wrong sign or is missing fields required for kind ' || new.kind;
    end if;
    return new;
end
$$;

comment on function purse.require_complete_entry() is
'Trigger: refuses a ledger row of an unknown kind, with the wrong sign, with more credits than 2^53 - 1, or without the
fields that its kind requires.';
revoke all on function purse.require_complete_entry() from public, anon, authenticated, service_role;

create trigger credit_transactions_are_complete
    before insert on public.credit_transactions
    for each row execute function purse.require_complete_entry();
alter table public.credit_transactions enable always trigger credit_transactions_are_complete;

create view public.credit_entries with (security_invoker = true) as
    select t.id as transaction_id,
        e.key::bigint as lot_id,
        e.value::bigint as credits,
        t.user_id,
        t.kind,
        t.purchase_id,
        t.feature,
        t.quantity,
        t.hold_id,
        t.created_at
    from public.credit_transactions t
    cross join lateral pg_catalog.jsonb_each_text(t.lots) e;

comment on view public.credit_entries is
    'The ledger lot by lot: one row for each lot that a transaction changed. A user sees the entries of their own transactions.';
comment on column public.credit_entries.credits is 'Credits, signed: the change of the lot.';
revoke all on public.credit_entries from public, anon, authenticated, service_role;
grant select on public.credit_entries to authenticated, service_role;

create function purse.raise_lots_mismatch(
    p_lots   jsonb,
    p_amount bigint
)
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using
        errcode = 'check_violation',
        message = pg_catalog.format('the lots %s of this user do not add up to %s credits', coalesce(p_lots, '{}'), p_amount);
end
$$;

comment on function purse.raise_lots_mismatch(jsonb, bigint) is
'Raises check_violation: a movement''s lots do not add up to its amount.';
revoke all on function purse.raise_lots_mismatch(jsonb, bigint) from public, anon, authenticated, service_role;

create function purse.post_transaction(
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
        update public.credit_lot_rows l
        set remaining = l.remaining + (p_lots ->> l.id::text)::bigint
        -- By user and not by id: a user has few lots, and the planner cannot know that p_lots is small.
        where l.user_id = p_user_id
            and p_lots ? l.id::text
        returning l.expires_at, (p_lots ->> l.id::text)::bigint as credits
    ),
    total as (
        select sum(lots.credits) as credits, min(lots.expires_at) as expires_at
        from lots
    ),
    account as (
        update public.user_credits u
        set balance = u.balance + p_amount,
            lapses_at = least(u.lapses_at, total.expires_at),
            updated_at = clock_timestamp()
        from total
        where u.user_id = p_user_id
            and total.credits = p_amount
        returning u.balance
    )
    insert into public.credit_transactions (
        user_id, kind, amount, balance_after, lots, purchase_id, feature, quantity, hold_id, reverses_id,
        actor, reason, idempotency_key
    )
    select p_user_id, p_kind, p_amount, account.balance, p_lots, p_purchase_id, p_feature, p_quantity, p_hold_id,
        p_reverses_id, p_actor, p_reason, p_idempotency_key
    from account
    returning * into v_posted;
    if v_posted.id is null then
        perform purse.raise_lots_mismatch(p_lots, p_amount);
    end if;
    perform purse.announce_entry(v_posted);
    return v_posted;
end
$$;

comment on function purse.post_transaction(uuid, text, bigint, jsonb, uuid, text, integer, uuid, bigint, text, text, text) is
'Moves credits: changes the lots and the balance and writes the ledger row, in one statement.
p_amount is signed; p_lots is {"lot id": signed credits}. The caller holds the user''s row
(purse.lock_account). Raises check_violation unless the user''s lots in p_lots add up to p_amount.';
revoke all on function purse.post_transaction(uuid, text, bigint, jsonb, uuid, text, integer, uuid, bigint, text, text, text)
    from public, anon, authenticated, service_role;
