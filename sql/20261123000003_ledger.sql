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
    constraint credit_transactions_kind_is_known check (kind in ('purchase', 'clawback', 'giveback')),
    constraint credit_transactions_amount_is_not_zero check (amount <> 0),
    constraint credit_transactions_settlement_names_its_purchase
        check (kind not in ('purchase', 'clawback', 'giveback') or purchase_id is not null)
);

create index credit_transactions_user_id_id_idx on public.credit_transactions (user_id, id desc);
create index credit_transactions_purchase_id_idx on public.credit_transactions (purchase_id) where purchase_id is not null;

comment on table public.credit_transactions is
    'The ledger: append only, enforced below. Within a user, id, created_at and balance_after tell one story: ids are drawn while the user''s row is locked.';
comment on column public.credit_transactions.kind is 'purchase: credits bought. clawback: taken back because the money went back. giveback: returned because the money stayed after all (a refund that failed, a dispute that was won).';
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
