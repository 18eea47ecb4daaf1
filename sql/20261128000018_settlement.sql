-- Settlement: the facts about a purchase say how many credits the ledger should hold for it (the
-- target). Settling posts the difference: a purchase, a clawback or a giveback. It can be repeated at
-- any time, and the order in which facts arrive does not matter.

create function purse.purchase_target(p_purchase public.purchases)
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    select case
        when p_purchase.status <> 'paid' then 0
        when p_purchase.amount_paid = 0 then p_purchase.credits
        else p_purchase.credits
            - ceil(p_purchase.credits::numeric * purse.amount_reversed(p_purchase) / p_purchase.amount_paid)::bigint
    end
$$;

comment on function purse.purchase_target(public.purchases) is
'The credits the ledger should hold for a purchase: a pure function of its facts. 0 unless it is paid as
ordered; otherwise its credits less the share of the payment that went back, rounded once and against
the buyer: credits - ceil(credits * reversed / paid). All credits if nothing was charged.';
revoke all on function purse.purchase_target(public.purchases) from public, anon, authenticated, service_role;

create function purse.ensure_purchase_lot(p_purchase public.purchases)
    returns public.credit_lots
    language plpgsql
    set search_path = ''
as $$
declare
    v_expires_at timestamptz := p_purchase.paid_at + make_interval(days => p_purchase.valid_days);
    v_lot        public.credit_lots;
begin
    if p_purchase.paid_at is null then
        return null;
    end if;
    insert into public.credit_lot_rows as l (user_id, source, name, purchase_id, granted, expires_at)
    values (p_purchase.user_id, 'purchase', p_purchase.package_name, p_purchase.id, p_purchase.credits, v_expires_at)
    on conflict (purchase_id) do update
        set expires_at = excluded.expires_at
        where l.expires_at is distinct from excluded.expires_at;
    select * into strict v_lot from public.credit_lots l where l.purchase_id = p_purchase.id;
    update public.user_credits u
    set lapses_at = least(u.lapses_at, v_expires_at)
    where u.user_id = p_purchase.user_id
        and v_expires_at < coalesce(u.lapses_at, 'infinity');
    return v_lot;
end
$$;

comment on function purse.ensure_purchase_lot(public.purchases) is
'The lot of a purchase, created when it is first paid; null before. Its expiry follows the earliest
time of payment that we were told. The caller holds the purchase''s row and the user''s.';
revoke all on function purse.ensure_purchase_lot(public.purchases) from public, anon, authenticated, service_role;

create function purse.claw_back(
    p_user_id uuid,
    p_lot_id  bigint,
    p_credits bigint,
    p_revived bigint,
    p_newest  bigint default null
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_purchase_id uuid;
    v_lapsed      bigint;
begin
    if p_credits = 0 then
        return;
    end if;
    select l.purchase_id, least(l.lapsed, p_revived) into strict v_purchase_id, v_lapsed
    from public.credit_lots l
    where l.id = p_lot_id;
    update public.credit_lot_rows l
    set lapsed = l.lapsed - v_lapsed,
        forfeited = l.forfeited - (p_revived - v_lapsed)
    where l.id = p_lot_id
        and p_revived > 0;
    if v_lapsed > 0 then
        -- Credits that expired unspent are taken first: the buyer owes nothing for them.
        perform purse.post_transaction(
            p_user_id, 'expiry_reversal', v_lapsed, jsonb_build_object(p_lot_id, v_lapsed), v_purchase_id
        );
    end if;
    if p_revived > v_lapsed then
        perform purse.post_transaction(
            p_user_id, 'forfeit_reversal', p_revived - v_lapsed,
            jsonb_build_object(p_lot_id, p_revived - v_lapsed), v_purchase_id
        );
    end if;
    perform purse.post_transaction(
        p_user_id, 'clawback', -p_credits, purse.lots_to_drain(p_user_id, p_lot_id, p_credits, p_newest), v_purchase_id
    );
end
$$;

comment on function purse.claw_back(uuid, bigint, bigint, bigint, bigint) is
'Takes p_credits back for the purchase of a lot; the first p_revived of them had expired in this lot, or were
given up with the account.
p_newest: see purse.lots_to_drain. The caller holds the user''s row.';
revoke all on function purse.claw_back(uuid, bigint, bigint, bigint, bigint)
    from public, anon, authenticated, service_role;

-- The caller holds the user's row and no purchase's row, so nothing here may lock a purchase. The
-- ledger's foreign key does not: purchases has no other unique index that a foreign key could use, and
-- so updates of its rows, by settlement, do not conflict with the key's share lock.
create function purse.collect_forgiven(p_user_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_lot     public.credit_lots;
    v_revived bigint;
    v_credits bigint;
begin
    if not exists (select from public.credit_lots l where l.user_id = p_user_id and l.forgiven > 0) then
        return;
    end if;
    -- Credits that came back into an expired lot expire first. Those of the purchase's own lot then
    -- count as expired unspent, as if they had come back before the refund.
    perform purse.lock_account(p_user_id);
    for v_lot in
        select * from public.credit_lots l where l.user_id = p_user_id and l.forgiven > 0 order by l.id
    loop
        v_revived := least(v_lot.lapsed + v_lot.forfeited, v_lot.forgiven);
        select v_revived + least(
            v_lot.forgiven - v_revived,
            greatest(u.balance - u.held, 0),
            (
                select coalesce(sum(l.remaining - l.held), 0)::bigint
                from public.credit_lots l
                where l.user_id = p_user_id
                    and l.remaining > l.held
                    and l.id <= v_lot.forgiven_to
            )
        ) into strict v_credits
        from public.user_credits u
        where u.user_id = p_user_id;
        perform purse.claw_back(p_user_id, v_lot.id, v_credits, v_revived, v_lot.forgiven_to);
        update public.credit_lot_rows l
        set forgiven = l.forgiven - v_credits
        where l.id = v_lot.id
            and v_credits > 0;
    end loop;
end
$$;

comment on function purse.collect_forgiven(uuid) is
'Takes back what refunds of this user''s purchases could not take when they came (CLAWBACK_POLICY=clamp),
from credits that have become free since: of the purchase''s own lot first, then of other lots, but of no
lot that is newer than the forgiving. Takes at most what the user can spend. So a balance does not depend
on whether a hold, a spend or another refund was undone before or after the refund. Called wherever credits
become free. The caller holds the user''s row.';
revoke all on function purse.collect_forgiven(uuid) from public, anon, authenticated, service_role;

-- Locks the mode (advisory, shared), the purchase's row, the user's row (open_account). record_facts takes its advisory locks
-- before it calls this; decide_mismatch takes none.
create function purse.settle_purchase(
    p_purchase_id uuid,
    p_policy      text
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_purchase public.purchases;
    v_account  public.user_credits;
    v_lot      public.credit_lots;
    v_owed     bigint;
    v_forgiven bigint := 0;
    v_revived  bigint;
    v_is_first boolean;
begin
    perform purse.lock_mode();
    select * into strict v_purchase from public.purchases p where p.id = p_purchase_id for no key update;
    if not purse.is_of_this_mode(v_purchase.livemode) then
        return;
    end if;
    v_owed := purse.purchase_target(v_purchase) - v_purchase.credits_posted;
    if v_owed = 0 and (v_purchase.valid_days is null or v_purchase.status <> 'paid') then
        return;
    end if;
    v_account := purse.open_account(v_purchase.user_id);
    v_lot := purse.ensure_purchase_lot(v_purchase);
    if v_owed = 0 then
        return;
    end if;
    -- The first order of a rebuilt ledger.
    perform purse.set_mode(v_purchase.livemode);

    update public.purchases
    set credits_posted = credits_posted + v_owed
    where id = v_purchase.id;

    if v_owed > 0 then
        v_forgiven := least(v_lot.forgiven, v_owed);
        update public.credit_lot_rows l set forgiven = l.forgiven - v_forgiven where l.id = v_lot.id and v_forgiven > 0;
        v_owed := v_owed - v_forgiven;
        if v_owed > 0 then
            v_is_first := v_purchase.credits_posted = 0 and not exists (
                select from public.credit_transactions t where t.purchase_id = v_purchase.id
            );
            perform purse.post_transaction(
                v_purchase.user_id,
                case when v_is_first then 'purchase' else 'giveback' end,
                v_owed,
                purse.lots_to_fill(v_purchase.user_id, v_lot.id, v_owed, v_purchase.id),
                v_purchase.id
            );
        end if;
    else
        v_revived := least(v_lot.lapsed + v_lot.forfeited, -v_owed);
        -- A deleted account cannot pay a debt.
        if p_policy = 'clamp' or v_account.deleted_at is not null then
            v_forgiven := greatest(-v_owed - v_revived - greatest(v_account.balance - v_account.held, 0), 0);
        end if;
        perform purse.claw_back(v_purchase.user_id, v_lot.id, -v_owed - v_forgiven, v_revived);
        update public.credit_lot_rows l
        set forgiven = l.forgiven + v_forgiven,
            forgiven_to = (select max(n.id) from public.credit_lots n where n.user_id = v_purchase.user_id)
        where l.id = v_lot.id
            and v_forgiven > 0;
    end if;
    perform purse.collect_forgiven(v_purchase.user_id);
end
$$;

comment on function purse.settle_purchase(uuid, text) is
'Moves the ledger from the credits posted for a purchase to its target. Safe to repeat. Does nothing for a
purchase of the other mode than the ledger''s.
Credits that come back fill the purchase''s lot; credits taken back drain it, those that expired first.
p_policy is debt (a clawback may leave a negative balance) or clamp (it takes at most what the user
can spend). Under clamp the rest is forgiven: later purchases and gifts do not pay for it. Credits that
were only set aside or spent, and come back, do (purse.collect_forgiven). If the money comes back
instead, that first undoes the forgiving. A deleted account is always clamped. What is paid after the deletion is
posted to it, so that nothing is lost; nobody can spend it, and make doctor says to refund it.';
revoke all on function purse.settle_purchase(uuid, text) from public, anon, authenticated, service_role;

-- Locks the purchase's row, then the user's row. Takes no advisory lock.
create function purse.decide_mismatch(
    p_order_id uuid,
    p_accept   boolean,
    p_who      text,
    p_why      text,
    p_policy   text default 'debt'
)
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    update public.purchases p
    set decision = case when p_accept then 'accepted' else 'rejected' end,
        decided_at = clock_timestamp(),
        decided_by = p_who,
        decided_because = p_why
    where p.id = p_order_id
        and p.paid_at is not null
        and (p.amount_subtotal <> p.unit_amount or p.currency_paid <> p.currency or not p.sealed);
    if not found then
        raise exception using errcode = 'PT404', message = 'no mismatch under this order';
    end if;
    perform purse.settle_purchase(p_order_id, p_policy);
end
$$;

comment on function purse.decide_mismatch(uuid, boolean, text, text, text) is
'Settles or rejects a payment that differs from its order, or an order without our seal. Accepted, its credits are posted; rejected, they are
not. Can be decided again. Raises PT404 if the order is no mismatch.
For a person, in the dashboard''s SQL editor: select purse.decide_mismatch(''<order>'', true, ''who'', ''why'').';
revoke all on function purse.decide_mismatch(uuid, boolean, text, text, text) from public, anon, authenticated, service_role;
