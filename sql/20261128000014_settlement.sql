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
    insert into public.credit_lots as l (user_id, source, name, purchase_id, granted, expires_at)
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

-- Locks the purchase's row, then the user's row (open_account). record_facts takes its advisory locks
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
    v_forgiven bigint;
    v_revived  bigint;
    v_is_first boolean;
begin
    select * into strict v_purchase from public.purchases p where p.id = p_purchase_id for update;
    v_forgiven := v_purchase.credits_forgiven;
    v_owed := purse.purchase_target(v_purchase) - (v_purchase.credits_posted - v_forgiven);
    if v_owed = 0 and (v_purchase.valid_days is null or v_purchase.status <> 'paid') then
        return;
    end if;
    v_account := purse.open_account(v_purchase.user_id);
    v_lot := purse.ensure_purchase_lot(v_purchase);
    if v_owed = 0 then
        return;
    end if;

    if v_owed > 0 then
        v_forgiven := greatest(v_forgiven - v_owed, 0);
        v_owed := v_owed - (v_purchase.credits_forgiven - v_forgiven);
    else
        v_revived := least(v_lot.lapsed, -v_owed);
        if p_policy = 'clamp' then
            v_forgiven := v_forgiven
                + greatest(-v_owed - v_revived - greatest(v_account.balance - v_account.held, 0), 0);
            v_owed := v_owed + (v_forgiven - v_purchase.credits_forgiven);
        end if;
    end if;

    update public.purchases
    set credits_posted = credits_posted + v_owed,
        credits_forgiven = v_forgiven
    where id = v_purchase.id;

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
    elsif v_owed < 0 then
        if v_revived > 0 then
            -- Credits that expired unspent are taken first: the buyer owes nothing for them.
            update public.credit_lots l set lapsed = l.lapsed - v_revived where l.id = v_lot.id;
            perform purse.post_transaction(
                v_purchase.user_id, 'expiry_reversal', v_revived, jsonb_build_object(v_lot.id, v_revived), v_purchase.id
            );
        end if;
        perform purse.post_transaction(
            v_purchase.user_id,
            'clawback',
            v_owed,
            purse.lots_to_drain(v_purchase.user_id, v_lot.id, -v_owed),
            v_purchase.id
        );
    end if;
end
$$;

comment on function purse.settle_purchase(uuid, text) is
'Moves the ledger from the credits posted for a purchase to its target. Safe to repeat.
Credits that come back fill the purchase''s lot; credits taken back drain it, those that expired first.
p_policy is debt (a clawback may leave a negative balance) or clamp (it takes at most what the user
can spend). Under clamp the rest is forgiven for good: settling again does not take it, and credits
that come back later first undo the forgiving.';
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
        and (p.amount_subtotal <> p.unit_amount or p.currency_paid <> p.currency);
    if not found then
        raise exception using errcode = 'PT404', message = 'no mismatch under this order';
    end if;
    perform purse.settle_purchase(p_order_id, p_policy);
end
$$;

comment on function purse.decide_mismatch(uuid, boolean, text, text, text) is
'Settles or rejects a payment that differs from its order. Accepted, its credits are posted; rejected, they are
not. Can be decided again. Raises PT404 if the order is no mismatch.
For a person, in the dashboard''s SQL editor: select purse.decide_mismatch(''<order>'', true, ''who'', ''why'').';
revoke all on function purse.decide_mismatch(uuid, boolean, text, text, text) from public, anon, authenticated, service_role;
