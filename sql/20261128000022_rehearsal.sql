-- make rebuild shows what Stripe's facts would change before it changes anything.

-- Locks, in this order: the rehearsal (advisory, so that there is one at a time), all orders and all
-- payments (advisory), all purchase rows; then, fact by fact, the users' rows. Kind by kind this is the
-- order of record_facts, so a transaction that records one fact cannot deadlock with a rehearsal. A
-- rehearsal holds several users' rows in the order of the facts. mark_swept holds several in the order
-- of the files. The two can deadlock; Postgres then aborts one of them.
create function public.rehearse_facts(
    p_facts  jsonb,
    p_policy text default 'debt'
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_before jsonb;
    v_answer jsonb;
begin
    -- Takes all locks up front, in record_facts' order, except the users' rows.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rehearsal', 0));
    perform purse.lock_order(e.value ->> 'order_id') from jsonb_array_elements(p_facts) e;
    perform purse.lock_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e;
    perform from public.purchases p
    where p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
        or p.id in (select purse.purchase_of_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e)
    for no key update;

    select coalesce(jsonb_object_agg(p.id, p.credits_posted), '{}'::jsonb) into v_before
    from public.purchases p
    where p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
        or p.id in (select purse.purchase_of_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e);

    begin
        perform public.record_facts(e.value, p_policy) from jsonb_array_elements(p_facts) e;

        select jsonb_agg(jsonb_build_object(
            'purchase_id', p.id,
            'user_id', p.user_id,
            'status', p.status,
            'posted_before', coalesce((v_before ->> p.id::text)::bigint, 0),
            'posted', p.credits_posted
        ) order by p.created_at, p.id) into v_answer
        from public.purchases p
        where (
                p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
                or p.id in (select purse.purchase_of_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e)
            )
            and p.credits_posted <> coalesce((v_before ->> p.id::text)::bigint, 0);

        raise exception using errcode = 'PRHRS', message = 'the rehearsal is over';
    exception
        when sqlstate 'PRHRS' then
            return coalesce(v_answer, '[]'::jsonb);
    end;
end
$$;

comment on function public.rehearse_facts(jsonb, text) is
'What recording these facts would change in the ledger. Changes nothing: it calls record_facts, reads the
result and rolls back. p_facts is a list of facts.
Returns [{purchase_id, user_id, status, posted_before, posted}], only for purchases that would change.';
revoke all on function public.rehearse_facts(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.rehearse_facts(jsonb, text) to service_role;
