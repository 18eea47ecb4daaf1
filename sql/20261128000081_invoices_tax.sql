-- Invoices that Stripe makes for packs after the payment.

create function public.invoiced_session(
    p_user_id  uuid,
    p_order_id uuid
)
    returns text
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    select p.checkout_session_id
    from public.purchases p
    where p.id = p_order_id
        and p.user_id = p_user_id
        and p.invoiced
        and p.paid_at is not null
$$;

comment on function public.invoiced_session(uuid, uuid) is
'The Checkout Session of a paid order of this user, for its invoice at Stripe. Null if the order is not theirs, not paid,
or was begun without an invoice. Raises PT403 if the account was deleted.';
revoke all on function public.invoiced_session(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.invoiced_session(uuid, uuid) to service_role;
