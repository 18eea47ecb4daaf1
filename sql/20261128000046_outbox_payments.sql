-- Events about payments: what failed, what went back, what differs from its order. The rows themselves note what was
-- announced, because the outbox forgets its events after 90 days.

create function purse.announce_reversals(p_purchase public.purchases)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_reversal public.purchase_reversals;
    v_data     jsonb;
begin
    for v_reversal in
        select r.*
        from purse.reversals_of(p_purchase) r
        where case r.kind
            when 'refund' then r.in_effect and r.announced_at is null
            else r.announced_at is null or r.end_announced_at is null
        end
    loop
        v_data := jsonb_build_object(
            'user_id', p_purchase.user_id,
            'purchase_id', p_purchase.id,
            'payment_intent_id', v_reversal.payment_intent_id,
            'amount', v_reversal.amount,
            'currency', v_reversal.currency,
            'status', v_reversal.status,
            'balance', (select u.balance from public.user_credits u where u.user_id = p_purchase.user_id)
        );
        if v_reversal.kind = 'refund' then
            perform purse.announce(
                'purchase.refunded', v_reversal.id, p_purchase.user_id,
                v_data || jsonb_build_object('refund_id', v_reversal.id)
            );
            v_reversal.announced_at := clock_timestamp();
        else
            v_data := v_data || jsonb_build_object('dispute_id', v_reversal.id, 'due_at', purse.utc_text(v_reversal.due_at));
            if v_reversal.announced_at is null then
                perform purse.announce('dispute.opened', v_reversal.id, p_purchase.user_id, v_data);
                v_reversal.announced_at := clock_timestamp();
            end if;
            if v_reversal.end_announced_at is null
                and v_reversal.status in ('won', 'lost', 'prevented', 'warning_closed')
            then
                perform purse.announce('dispute.closed', v_reversal.id, p_purchase.user_id, v_data);
                v_reversal.end_announced_at := clock_timestamp();
            end if;
        end if;
        update public.purchase_reversals r
        set announced_at = v_reversal.announced_at,
            end_announced_at = v_reversal.end_announced_at
        where r.id = v_reversal.id
            and (r.announced_at, r.end_announced_at)
                is distinct from (v_reversal.announced_at, v_reversal.end_announced_at);
    end loop;
end
$$;

comment on function purse.announce_reversals(public.purchases) is
'Announces the refunds and disputes of a purchase that were not announced yet: a refund once it is in effect,
a dispute when it is first heard of and when it has ended.';
revoke all on function purse.announce_reversals(public.purchases) from public, anon, authenticated, service_role;

create function purse.announce_payment(p_purchase_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_purchase public.purchases;
begin
    select * into strict v_purchase from public.purchases p where p.id = p_purchase_id;
    if v_purchase.status in ('failed', 'mismatch')
        and v_purchase.decision is null
        and v_purchase.announced_status is distinct from v_purchase.status
    then
        perform purse.announce(
            case v_purchase.status when 'failed' then 'purchase.failed' else 'ledger.mismatch' end,
            v_purchase.id::text,
            v_purchase.user_id,
            jsonb_build_object(
                'user_id', v_purchase.user_id,
                'purchase_id', v_purchase.id,
                'package_id', v_purchase.package_id,
                'credits', v_purchase.credits,
                'amount', coalesce(v_purchase.amount_paid, v_purchase.unit_amount),
                'currency', coalesce(v_purchase.currency_paid, v_purchase.currency),
                'checkout_session_id', v_purchase.checkout_session_id,
                'payment_intent_id', v_purchase.payment_intent_id
            )
        );
        update public.purchases p set announced_status = v_purchase.status where p.id = v_purchase.id;
    end if;
    perform purse.announce_reversals(v_purchase);
end
$$;

comment on function purse.announce_payment(uuid) is
'Announces what is new about the payment of an order: that it failed after checkout, that it differs from the
order, its refunds and disputes. Called after settlement, so the balance in an event is the one after it, and the
caller holds the purchase''s row.';
revoke all on function purse.announce_payment(uuid) from public, anon, authenticated, service_role;
