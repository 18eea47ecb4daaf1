-- Refunds for those who run the shop: what staff see of an order's refunds, and the refunds that do not end.

create view purse.stuck_refunds with (security_invoker = true) as
    select r.id as refund_id, r.purchase_id as order_id, p.user_id, p.package_name, r.amount, r.currency, r.credits,
        r.attempts, r.created_at, r.next_attempt_at
    from public.refund_requests r
    join public.purchases p on p.id = r.purchase_id
    where r.status = 'begun'
        and r.created_at < now() - interval '1 hour'
        and purse.is_of_this_mode(p.livemode);

comment on view purse.stuck_refunds is
'Refunds of the ledger''s mode that began more than an hour ago and have not ended. There should be none.';
revoke all on purse.stuck_refunds from public, anon, authenticated, service_role;

create function public.doctor_refunds()
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select coalesce(jsonb_agg(to_jsonb(s) order by s.created_at), '[]'::jsonb)
    from (
        select x.refund_id, x.order_id, x.amount, x.currency, x.attempts, x.created_at
        from purse.stuck_refunds x
        order by x.created_at
        limit 100
    ) s
$$;

comment on function public.doctor_refunds() is
'Refunds that began more than an hour ago and have not ended, oldest first: [{refund_id, order_id, amount, currency,
attempts, created_at}], a hundred at most. Read-only.';
revoke all on function public.doctor_refunds() from public, anon, authenticated, service_role;
grant execute on function public.doctor_refunds() to service_role;

create function public.desk_refunds(
    p_actor_id uuid,
    p_order_id uuid
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    return jsonb_build_object(
        'quote', public.quote_refund(p_order_id),
        'refunds', (
            select coalesce(jsonb_agg(
                purse.refund_json(r) - 'purchase_id' - 'replayed' || jsonb_build_object(
                    'actor', case
                        when r.actor ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then purse.who_is(r.actor::uuid)
                        else r.actor
                    end,
                    'asked_because', r.reason,
                    'attempts', r.attempts
                )
                order by r.created_at desc
            ), '[]'::jsonb)
            from (
                select *
                from public.refund_requests q
                where q.purchase_id = p_order_id
                order by q.created_at desc
                limit 20
            ) r
        )
    );
end
$$;

comment on function public.desk_refunds(uuid, uuid) is
'What of an order can be refunded, and the refunds that were asked for, for staff. Returns {quote: as quote_refund answers,
refunds: the newest twenty, [{refund_id, status, amount, currency, decimals, credits, refusal, stripe_refund_id, created_at,
ended_at, actor: an address or a name, asked_because, attempts}]}. Raises PT403 for who is not staff, PT404 with
unknown_purchase as detail if there is no such order.';
revoke all on function public.desk_refunds(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_refunds(uuid, uuid) to service_role;
