-- Withdrawals from a contract of sale, as the buyer declares them in two steps (Directive (EU) 2023/2673). A
-- withdrawal is recorded, confirmed and announced, whatever can be refunded; what is unused goes back at once.

create table public.withdrawals (
    purchase_id  uuid        not null,
    user_id      uuid        not null,
    withdrawn_at timestamptz not null default clock_timestamp(),
    refund_id    uuid,
    reason       text,
    constraint withdrawals_pkey primary key (purchase_id),
    constraint withdrawals_purchase_id_fkey foreign key (purchase_id) references public.purchases (id),
    constraint withdrawals_refund_id_fkey foreign key (refund_id) references public.refund_requests (id),
    constraint withdrawals_refund_or_say_why check ((refund_id is null) = (reason is not null))
);

comment on table public.withdrawals is 'One row per purchase that its buyer has withdrawn from.';
comment on column public.withdrawals.user_id is 'Who withdrew: the owner of the purchase at that time.';
comment on column public.withdrawals.refund_id is 'The refund of what was unused.';
comment on column public.withdrawals.reason is 'Why nothing was refunded: as quote_refund says it. A person of the shop decides.';

alter table public.withdrawals enable row level security;
revoke all on public.withdrawals from public, anon, authenticated, service_role;
grant select on public.withdrawals to service_role;

create function purse.withdrawal_ends_at(
    p_purchase public.purchases,
    p_days     integer
)
    returns timestamptz
    language sql
    stable
    set search_path = ''
as $$
    -- The period ends with the last day, wherever the buyer lives; the day of the payment does not count. One hour
    -- more covers the change of clocks.
    select p_purchase.paid_at + make_interval(days => p_days + 1, hours => 1)
    where p_days > 0
$$;

comment on function purse.withdrawal_ends_at(public.purchases, integer) is
'Until when a purchase can be withdrawn from. Null if it is not paid, or p_days is 0: the shop offers no withdrawal.';
revoke all on function purse.withdrawal_ends_at(public.purchases, integer) from public, anon, authenticated, service_role;

create function purse.why_no_withdrawal(
    p_purchase public.purchases,
    p_days     integer
)
    returns text
    language sql
    stable
    set search_path = ''
as $$
    select case
        when coalesce(p_days, 0) = 0 then 'not_offered'
        when p_purchase.status = 'processing' then 'pending'
        -- A mismatch was paid too. The withdrawal counts, and a person decides about the money.
        when p_purchase.status not in ('paid', 'mismatch') then 'unpaid'
        when p_purchase.amount_paid = 0 then 'free'
        when exists (select from public.withdrawal_waivers w where w.purchase_id = p_purchase.id) then 'waived'
        when exists (select from public.withdrawals w where w.purchase_id = p_purchase.id) then 'withdrawn'
        when purse.amount_reversed(p_purchase) >= p_purchase.amount_paid then 'refunded'
        when purse.withdrawal_ends_at(p_purchase, p_days) <= now() then 'too_late'
    end
$$;

comment on function purse.why_no_withdrawal(public.purchases, integer) is
'Why a purchase cannot be withdrawn from: not_offered, pending, unpaid, free, waived, withdrawn, refunded or too_late.
Null: it can.';
revoke all on function purse.why_no_withdrawal(public.purchases, integer) from public, anon, authenticated, service_role;

create function purse.withdrawal_json(p_withdrawal public.withdrawals)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select jsonb_build_object(
        'purchase_id', p.id,
        'package_name', p.package_name,
        'paid_at', p.paid_at,
        'withdrawn_at', p_withdrawal.withdrawn_at,
        'currency', coalesce(p.currency_paid, p.currency),
        'decimals', purse.decimals_of(coalesce(p.currency_paid, p.currency)),
        'reason', p_withdrawal.reason,
        'refund', (select purse.refund_json(r) from public.refund_requests r where r.id = p_withdrawal.refund_id)
    )
    from public.purchases p
    where p.id = p_withdrawal.purchase_id
$$;

comment on function purse.withdrawal_json(public.withdrawals) is 'A withdrawal as withdraw answers it.';
revoke all on function purse.withdrawal_json(public.withdrawals) from public, anon, authenticated, service_role;

create function public.quote_withdrawal(
    p_purchase_id uuid,
    p_user_id     uuid,
    p_days        integer
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_quote    jsonb;
    v_purchase public.purchases;
    v_reason   text;
begin
    perform purse.require_server();
    v_quote := public.quote_refund(p_purchase_id, p_user_id);
    select * into strict v_purchase from public.purchases p where p.id = p_purchase_id;
    v_reason := purse.why_no_withdrawal(v_purchase, p_days);
    return jsonb_build_object(
        'purchase_id', v_purchase.id,
        'package_name', v_purchase.package_name,
        'paid_at', v_purchase.paid_at,
        'offered', v_reason is null,
        'reason', v_reason,
        'until', purse.withdrawal_ends_at(v_purchase, p_days),
        'quote', v_quote,
        'withdrawal', (
            select purse.withdrawal_json(w) from public.withdrawals w where w.purchase_id = p_purchase_id
        )
    );
end
$$;

comment on function public.quote_withdrawal(uuid, uuid, integer) is
'Whether a user can withdraw from a purchase of theirs within p_days, and what would go back. Returns {purchase_id,
package_name, paid_at or null, offered, reason: see purse.why_no_withdrawal, until or null, quote: see quote_refund,
withdrawal: see withdraw, or null}. Raises as quote_refund does.';
revoke all on function public.quote_withdrawal(uuid, uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.quote_withdrawal(uuid, uuid, integer) to service_role;

create function public.withdraw(
    p_purchase_id uuid,
    p_user_id     uuid,
    p_days        integer,
    p_amount      bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
declare
    v_purchase   public.purchases;
    v_quote      jsonb;
    v_refund     jsonb;
    v_reason     text;
    v_withdrawal public.withdrawals;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    select * into v_purchase
    from public.purchases p
    where p.id = p_purchase_id
        and p.user_id = p_user_id
    for no key update;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such purchase', detail = 'unknown_purchase';
    end if;
    select * into v_withdrawal from public.withdrawals w where w.purchase_id = p_purchase_id;
    if found then
        return purse.withdrawal_json(v_withdrawal) || jsonb_build_object('replayed', true);
    end if;
    v_reason := purse.why_no_withdrawal(v_purchase, p_days);
    if v_reason is not null then
        raise exception using
            errcode = 'PT409',
            message = 'this purchase cannot be withdrawn from',
            detail = v_reason;
    end if;

    v_quote := purse.quote_of(v_purchase, purse.lock_account(p_user_id));
    if p_amount <> (v_quote ->> 'amount')::bigint then
        raise exception using
            errcode = 'PT409',
            message = 'another amount can be refunded now',
            detail = 'quote_changed';
    end if;
    if (v_quote ->> 'refundable')::boolean then
        v_refund := public.begin_refund(
            p_purchase_id, p_user_id::text, 'the buyer withdrew from the contract', 'withdrawal:' || p_purchase_id
        );
    end if;
    insert into public.withdrawals (purchase_id, user_id, refund_id, reason)
    values (p_purchase_id, p_user_id, (v_refund ->> 'refund_id')::uuid, v_quote ->> 'reason')
    returning * into v_withdrawal;
    perform purse.announce(
        'purchase.withdrawn',
        p_purchase_id::text,
        p_user_id,
        jsonb_build_object(
            'user_id', p_user_id,
            'purchase_id', p_purchase_id,
            'package_name', v_purchase.package_name,
            'paid_at', purse.utc_text(v_purchase.paid_at),
            'withdrawn_at', purse.utc_text(v_withdrawal.withdrawn_at),
            'amount', coalesce((v_refund ->> 'amount')::bigint, 0),
            'credits', coalesce((v_refund ->> 'credits')::bigint, 0),
            'currency', v_quote ->> 'currency',
            'reason', v_withdrawal.reason
        ),
        v_withdrawal.withdrawn_at
    );
    return purse.withdrawal_json(v_withdrawal) || jsonb_build_object('replayed', false);
end
$$;

comment on function public.withdraw(uuid, uuid, integer, bigint) is
'Withdraws a user from a purchase of theirs, within p_days: records it, announces it (purchase.withdrawn), and begins
the refund of what is unused, in one transaction. It is recorded also if nothing can be refunded; reason then says
why. p_amount: what the buyer was shown, in minor units; null: whatever it is. The same again gets the same answer.
Returns {purchase_id, package_name, paid_at, withdrawn_at, currency, decimals, reason or null, refund: see begin_refund, or null, replayed}.
Raises PT409 with the reason of purse.why_no_withdrawal as detail, or with quote_changed; PT404 if the purchase is not
theirs; PT403 if the account was deleted.';
revoke all on function public.withdraw(uuid, uuid, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.withdraw(uuid, uuid, integer, bigint) to service_role;
